//! Sui's protocol limits, enforced so that nothing is built here that mainnet refuses.

/// Bounds on transactions and on what executing one may do.
///
/// [`Limits::default`] carries the figures of Sui's protocol configuration; sizes are in bytes.
/// The limits inside of the Move machine (call depth, value depth and so on) are in `machine`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest signed transaction.
    pub transaction_bytes: usize,
    /// Largest pure argument, its own length prefix included where it is a vector.
    pub pure_argument_bytes: usize,
    /// Largest package: all its modules, their names and its tables.
    pub package_bytes: u64,
    /// Largest contents of one object.
    pub object_bytes: u64,
    /// Most commands of a transaction.
    pub commands: usize,
    /// Most input objects of a transaction, gas, packages and receiving ones included.
    pub input_objects: usize,
    /// Most inputs of a transaction, pure ones included.
    pub inputs: usize,
    /// Most arguments of one command.
    pub arguments: usize,
    /// Most type arguments of one call.
    pub type_arguments: usize,
    /// Deepest nesting of a type argument.
    pub type_argument_depth: usize,
    /// Most nodes of all type arguments of one call.
    pub type_argument_nodes: usize,
    /// Most publish and upgrade commands of a transaction.
    pub publish_commands: usize,
    /// Most modules of a package.
    pub package_modules: usize,
    /// Most dependencies of a package.
    pub package_dependencies: usize,
    /// Most coins of a gas payment.
    pub gas_payment_objects: usize,
    /// Highest gas budget, MIST.
    pub gas_budget: u64,
    /// Highest gas price, MIST a unit.
    pub gas_price: u64,
    /// Least computation that is charged, units; a budget must cover it at the price offered.
    pub least_computation: u64,
    /// Most computation of one transaction, units.
    pub most_computation: u64,
    /// Computation is rounded up to a multiple of this, units.
    pub computation_step: u64,
    /// Most events of a transaction.
    pub events: usize,
    /// Largest event.
    pub event_bytes: u64,
    /// Most bytes of all events of a transaction together.
    pub events_bytes: u64,
    /// Most ids that a transaction may create.
    pub new_ids: usize,
    /// Most ids that a transaction may delete.
    pub deleted_ids: usize,
    /// Most objects that a transaction may transfer, share or freeze.
    pub transferred_objects: usize,
    /// Most child objects (dynamic fields) that a transaction may touch.
    pub child_objects: usize,
    /// Most bytes of all objects that a transaction writes.
    pub written_bytes: u64,
    /// Largest effects.
    pub effects_bytes: u64,
    /// Limits inside of the Move machine.
    pub machine: atoma_move_vm::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transaction_bytes: 128 * 1024,
            pure_argument_bytes: 16 * 1024,
            package_bytes: 100 * 1024,
            object_bytes: 250 * 1024,
            commands: 1_024,
            input_objects: 2_048,
            inputs: 2_048,
            arguments: 512,
            type_arguments: 16,
            type_argument_depth: 16,
            type_argument_nodes: 256,
            publish_commands: 5,
            package_modules: 64,
            package_dependencies: 32,
            gas_payment_objects: 256,
            gas_budget: 50_000_000_000,
            gas_price: 100_000,
            least_computation: 1_000,
            most_computation: 5_000_000,
            computation_step: 1_000,
            events: 1_024,
            event_bytes: 250 * 1024,
            events_bytes: 65_536_000,
            new_ids: 2_048,
            deleted_ids: 2_048,
            transferred_objects: 2_048,
            child_objects: 1_000,
            written_bytes: 5_000_000,
            effects_bytes: 512 * 1024,
            machine: atoma_move_vm::Limits::default(),
        }
    }
}
