//! Named bounds of an execution, with Sui's own figures as defaults.

/// Bounds of reading, verifying and executing. [`Limits::default`] follows Sui's protocol config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most nested calls.
    pub call_depth: usize,
    /// Most values on the operand stack of one execution.
    pub value_stack: usize,
    /// Most local slots of all frames together.
    pub local_slots: usize,
    /// Deepest nesting of a value.
    pub value_depth: usize,
    /// Most elements of one vector.
    pub vector_length: usize,
    /// Deepest nesting of a type at run time.
    pub type_depth: usize,
    /// Most nodes of one type at run time.
    pub type_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_depth: 1_024,
            value_stack: 1_024 * 16,
            local_slots: 1_024 * 256,
            value_depth: 128,
            vector_length: 1024 * 1024,
            type_depth: 16,
            type_nodes: 128,
        }
    }
}
