//! Loading, linking and running: everything behind [`crate::Vm`].

pub(crate) mod interpreter;
pub(crate) mod layouts;
pub(crate) mod linker;
pub(crate) mod loaded;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod publish;
pub(crate) mod ty;
