//! The faces of a world in which Graph and Cosmos speak TLS.

use anyhow::Result;

use crate::cosmos::Cosmos;
use crate::face;
use crate::graph::Graph;
use crate::identity::Entra;

/// The TLS faces of Graph and Cosmos. The authority of Entra issued their certificates.
#[derive(Clone)]
pub struct Faces {
    /// Before Graph.
    pub graph: face::Face,
    /// Before Cosmos.
    pub cosmos: face::Face,
}

/// Their ports, before there is anything behind them.
pub(super) struct Bound {
    pub graph: face::Bound,
    pub cosmos: face::Bound,
}

impl Bound {
    pub async fn new() -> Result<Self> {
        Ok(Self { graph: face::Bound::new().await?, cosmos: face::Bound::new().await? })
    }

    pub fn open(self, graph: &Graph, cosmos: &Cosmos, entra: &Entra) -> Result<Faces> {
        let graph = self.graph.open(graph.server().address()?, entra.tls());
        let cosmos = self.cosmos.open(cosmos.server().address()?, entra.tls());
        Ok(Faces { graph, cosmos })
    }
}
