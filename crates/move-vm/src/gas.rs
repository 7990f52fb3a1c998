//! Metering: what an execution may cost before it is stopped.

use crate::error::{Status, VmError, VmResult};

/// Charged by the interpreter and by natives while they work.
///
/// Every charge happens before or right after the work it pays for, at points that depend on the
/// code and its inputs only, so the same execution always costs the same.
pub trait GasMeter {
    /// Charges `count` executed instructions.
    ///
    /// # Errors
    /// [`Status::OutOfGas`] stops the execution.
    fn charge_instructions(&mut self, count: u64) -> VmResult<()>;

    /// Charges one native call and the bytes it works on.
    ///
    /// # Errors
    /// [`Status::OutOfGas`] stops the execution.
    fn charge_native(&mut self, cost: NativeCost) -> VmResult<()>;

    /// Charges bytes of values that are copied, compared, read or created.
    ///
    /// # Errors
    /// [`Status::OutOfGas`] stops the execution.
    fn charge_memory(&mut self, bytes: u64) -> VmResult<()>;
}

/// What a native call costs, in the units of [`LinearGas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeCost {
    /// Cost of the call itself, whatever its input.
    pub base: u64,
    /// Bytes of input and output that it works on.
    pub bytes: u64,
    /// Cost per byte.
    pub per_byte: u64,
}

impl NativeCost {
    /// A call whose work does not depend on its input.
    #[must_use]
    pub const fn flat(base: u64) -> Self {
        Self {
            base,
            bytes: 0,
            per_byte: 0,
        }
    }

    /// The sum, saturating.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.base
            .saturating_add(self.bytes.saturating_mul(self.per_byte))
    }
}

/// One unit an instruction, natives by their cost, values by their size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearGas {
    limit: u64,
    used: u64,
}

/// Bytes of values that cost one unit of [`LinearGas`].
pub const BYTES_PER_UNIT: u64 = 16;

impl LinearGas {
    /// A meter that stops at `limit` units.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    /// Units used so far; at most the limit.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Units left.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.limit - self.used
    }

    /// Charges `units`.
    ///
    /// # Errors
    /// [`Status::OutOfGas`] when fewer are left; then none is left.
    pub fn charge(&mut self, units: u64) -> VmResult<()> {
        if units > self.remaining() {
            self.used = self.limit;
            return Err(VmError::new(Status::OutOfGas));
        }
        self.used += units;
        Ok(())
    }
}

impl GasMeter for LinearGas {
    fn charge_instructions(&mut self, count: u64) -> VmResult<()> {
        self.charge(count)
    }

    fn charge_native(&mut self, cost: NativeCost) -> VmResult<()> {
        self.charge(cost.total())
    }

    fn charge_memory(&mut self, bytes: u64) -> VmResult<()> {
        self.charge(bytes / BYTES_PER_UNIT)
    }
}
