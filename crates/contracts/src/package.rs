//! Compiled packages and the file that carries one.
//!
//! `target/move/NAME.bcs` is the BCS of
//!
//! ```text
//! struct Package { format: u8 = 1, name: String, dependencies: Vec<[u8; 32]>, modules: Vec<Module> }
//! struct Module { name: String, bytes: Vec<u8> }
//! ```

/// The only format of `NAME.bcs` there is.
const FORMAT: u8 = 1;
/// The most modules a package file may name; Sui's framework has 62.
const MAX_MODULES: usize = 1_024;
/// The most dependencies a package file may name; Sui allows 32 in a linkage.
const MAX_DEPENDENCIES: usize = 256;

/// A compiled Move package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Name of the package: the file's name in `target/move`.
    pub name: String,
    /// Its modules, in the compiler's order (the order in which `init` functions run).
    pub modules: Vec<Module>,
    /// Ids of the packages it is linked against: the framework's, and the placeholder of each
    /// package of this repository (see [`crate::relocation`]).
    pub dependencies: Vec<[u8; 32]>,
}

/// A compiled Move module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The module's name without its package.
    pub name: String,
    /// Sui Move bytecode, as published.
    pub bytes: Vec<u8>,
}

/// Why bytes are not a package file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("the package file is truncated at byte {offset}")]
    Truncated {
        /// Where more bytes were expected.
        offset: usize,
    },
    /// The first byte names another format.
    #[error("the package file has format {found}, this build reads format {FORMAT}")]
    Format {
        /// The format found.
        found: u8,
    },
    /// A length is not a canonical ULEB128, or larger than its limit.
    #[error("the package file has a bad length at byte {offset}")]
    Length {
        /// Where the length begins.
        offset: usize,
    },
    /// A name is not UTF-8.
    #[error("the package file has a name that is not UTF-8 at byte {offset}")]
    Name {
        /// Where the name begins.
        offset: usize,
    },
    /// Bytes remain after the value.
    #[error("the package file has {count} bytes after its end")]
    Trailing {
        /// How many.
        count: usize,
    },
}

impl Package {
    /// Decodes the contents of `NAME.bcs`.
    ///
    /// # Errors
    /// Names the first byte that does not fit the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader { bytes, offset: 0 };
        let format = reader.byte()?;
        if format != FORMAT {
            return Err(DecodeError::Format { found: format });
        }
        let name = reader.name()?;
        let dependencies = (0..reader.length(MAX_DEPENDENCIES)?)
            .map(|_| reader.address())
            .collect::<Result<_, _>>()?;
        let modules = (0..reader.length(MAX_MODULES)?)
            .map(|_| reader.module())
            .collect::<Result<_, _>>()?;
        match bytes.len() - reader.offset {
            0 => Ok(Self {
                name,
                modules,
                dependencies,
            }),
            count => Err(DecodeError::Trailing { count }),
        }
    }

    /// The bytecode of all modules together, in bytes.
    pub fn size(&self) -> usize {
        self.modules.iter().map(|module| module.bytes.len()).sum()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let taken = self
            .bytes
            .get(self.offset..)
            .and_then(|rest| rest.get(..count))
            .ok_or(DecodeError::Truncated {
                offset: self.bytes.len(),
            })?;
        self.offset += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }

    /// A canonical ULEB128 of at most `limit`.
    fn length(&mut self, limit: usize) -> Result<usize, DecodeError> {
        let offset = self.offset;
        let mut value = 0_usize;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let canonical = byte != 0 || shift == 0;
                return if canonical && value <= limit {
                    Ok(value)
                } else {
                    Err(DecodeError::Length { offset })
                };
            }
        }
        Err(DecodeError::Length { offset })
    }

    fn name(&mut self) -> Result<String, DecodeError> {
        let bytes = self.sized_bytes()?;
        let offset = self.offset - bytes.len();
        String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Name { offset })
    }

    fn sized_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let count = self.length(self.bytes.len())?;
        self.take(count)
    }

    fn address(&mut self) -> Result<[u8; 32], DecodeError> {
        let mut address = [0; 32];
        address.copy_from_slice(self.take(32)?);
        Ok(address)
    }

    fn module(&mut self) -> Result<Module, DecodeError> {
        Ok(Module {
            name: self.name()?,
            bytes: self.sized_bytes()?.to_vec(),
        })
    }
}
