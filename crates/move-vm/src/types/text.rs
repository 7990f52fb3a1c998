//! Types as text: `0x2::coin::Coin<0x2::sui::SUI>`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{Datatype, MAX_TYPE_DEPTH, MAX_TYPE_NODES, Type};
use crate::address::Address;
use crate::identifier::Identifier;

/// Longest type text that is read, in bytes.
const MAX_TYPE_TEXT: usize = 16 * 1024;

/// Why a text is not a type.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("not a Move type: {reason} at byte {offset}")]
pub struct TypeParseError {
    reason: &'static str,
    offset: usize,
}

/// How addresses are written inside a type.
#[derive(Clone, Copy)]
enum AddressForm {
    Short,
    Canonical { prefix: bool },
}

impl Type {
    /// Text with 64-digit addresses, with or without `0x`; arguments are separated by `,` without
    /// blank, as in Sui's own canonical form and in `std::type_name`.
    #[must_use]
    pub fn to_canonical_string(&self, with_prefix: bool) -> String {
        let mut text = String::new();
        write_type(
            &mut text,
            self,
            AddressForm::Canonical {
                prefix: with_prefix,
            },
        )
        .expect("writing into a String cannot fail");
        text
    }
}

fn write_address(f: &mut dyn fmt::Write, address: &Address, form: AddressForm) -> fmt::Result {
    match form {
        AddressForm::Short => f.write_str(&address.to_short_hex()),
        AddressForm::Canonical { prefix } => {
            if prefix {
                f.write_str("0x")?;
            }
            f.write_str(&address.to_hex())
        }
    }
}

fn write_datatype(f: &mut dyn fmt::Write, datatype: &Datatype, form: AddressForm) -> fmt::Result {
    write_address(f, &datatype.address, form)?;
    write!(f, "::{}::{}", datatype.module, datatype.name)?;
    let separator = match form {
        AddressForm::Short => ", ",
        AddressForm::Canonical { .. } => ",",
    };
    for (index, argument) in datatype.type_args.iter().enumerate() {
        f.write_str(if index == 0 { "<" } else { separator })?;
        write_type(f, argument, form)?;
    }
    if !datatype.type_args.is_empty() {
        f.write_str(">")?;
    }
    Ok(())
}

fn write_type(f: &mut dyn fmt::Write, ty: &Type, form: AddressForm) -> fmt::Result {
    match ty {
        Type::Bool => f.write_str("bool"),
        Type::U8 => f.write_str("u8"),
        Type::U16 => f.write_str("u16"),
        Type::U32 => f.write_str("u32"),
        Type::U64 => f.write_str("u64"),
        Type::U128 => f.write_str("u128"),
        Type::U256 => f.write_str("u256"),
        Type::Address => f.write_str("address"),
        Type::Signer => f.write_str("signer"),
        Type::Vector(element) => {
            f.write_str("vector<")?;
            write_type(f, element, form)?;
            f.write_str(">")
        }
        Type::Datatype(datatype) => write_datatype(f, datatype, form),
        Type::Reference(inner) => {
            f.write_str("&")?;
            write_type(f, inner, form)
        }
        Type::MutableReference(inner) => {
            f.write_str("&mut ")?;
            write_type(f, inner, form)
        }
        Type::TypeParameter(index) => write!(f, "T{index}"),
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_type(f, self, AddressForm::Short)
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_datatype(f, self, AddressForm::Short)
    }
}

impl FromStr for Type {
    type Err = TypeParseError;

    /// Reads a concrete type; addresses may be short or long, with or without `0x`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser {
            text,
            offset: 0,
            nodes: 0,
        };
        if text.len() > MAX_TYPE_TEXT {
            return parser.fail("too long");
        }
        let ty = parser.read_type(1)?;
        parser.skip_blanks();
        if parser.offset != text.len() {
            return parser.fail("unexpected text after the type");
        }
        Ok(ty)
    }
}

struct Parser<'a> {
    text: &'a str,
    offset: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn fail<T>(&self, reason: &'static str) -> Result<T, TypeParseError> {
        Err(TypeParseError {
            reason,
            offset: self.offset,
        })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.offset += token.len();
        }
        found
    }

    fn expect_token(&mut self, token: &str, reason: &'static str) -> Result<(), TypeParseError> {
        if self.eat(token) {
            Ok(())
        } else {
            self.fail(reason)
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        self.offset += end;
        &rest[..end]
    }

    fn identifier(&mut self) -> Result<Identifier, TypeParseError> {
        let word = self.word();
        Identifier::new(word).or_else(|_| self.fail("expected an identifier"))
    }

    fn read_type(&mut self, depth: usize) -> Result<Type, TypeParseError> {
        self.nodes += 1;
        if depth > MAX_TYPE_DEPTH || self.nodes > MAX_TYPE_NODES {
            return self.fail("nested too deeply or too large");
        }
        let word = self.word();
        if !self.rest().starts_with("::") {
            return Ok(match word {
                "bool" => Type::Bool,
                "u8" => Type::U8,
                "u16" => Type::U16,
                "u32" => Type::U32,
                "u64" => Type::U64,
                "u128" => Type::U128,
                "u256" => Type::U256,
                "address" => Type::Address,
                "signer" => Type::Signer,
                "vector" => {
                    self.expect_token("<", "expected <")?;
                    let element = self.read_type(depth + 1)?;
                    self.expect_token(">", "expected >")?;
                    Type::vector(element)
                }
                _ => return self.fail("unknown type"),
            });
        }
        let Ok(address) = word.parse() else {
            return self.fail("expected an address");
        };
        self.expect_token("::", "expected ::")?;
        let module = self.identifier()?;
        self.expect_token("::", "expected ::")?;
        let name = self.identifier()?;
        let mut type_args = Vec::new();
        if self.eat("<") {
            loop {
                type_args.push(self.read_type(depth + 1)?);
                if !self.eat(",") {
                    break;
                }
            }
            self.expect_token(">", "expected >")?;
        }
        Ok(Type::Datatype(Box::new(Datatype {
            address,
            module,
            name,
            type_args,
        })))
    }
}
