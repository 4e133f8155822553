//! The stand-in of the Functions host, held against the contract with a scripted handler as its child
//! process.

mod app;
mod http;
mod invocations;
mod process;
mod queues;
mod timers;
