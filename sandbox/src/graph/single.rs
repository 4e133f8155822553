//! One request, alone or a part of a batch: authorized, and answered from the world.

use super::{
    answer::Answer, authorize::authorize, by_ids::by_ids, fault::Fault, inner::Inner, kind::Kind, me, pages,
    read::read, request::Record,
};
use crate::script::lock;

/// The answer, unless a fault stands for it.
pub(super) fn answer(
    inner: &Inner,
    record: &Record,
    bearer: Option<&str>,
    fault: Option<&Fault>,
    body: &[u8],
) -> Answer {
    let claims = match authorize(inner, record, &me::readers(record), bearer) {
        Ok(claims) => claims,
        Err(refused) => return refused,
    };
    let mut world = lock(&inner.world);
    if record.kind == Kind::Me {
        let user = claims.user.as_deref();
        return user.map_or_else(me::nobody, |user| {
            read(&mut world, &me::as_user(record, user)).unwrap_or_else(|refused| refused)
        });
    }
    if record.kind == Kind::GetByIds {
        return by_ids(&mut world, record, body).unwrap_or_else(|refused| refused);
    }
    let is_token = matches!(record.kind, Kind::SkipToken | Kind::DeltaToken | Kind::List);
    if let Some(Fault::TokenDead(death)) = fault.filter(|_| is_token) {
        world.links.kill(pages::token(&record.path), *death);
    }
    read(&mut world, record).unwrap_or_else(|refused| refused)
}
