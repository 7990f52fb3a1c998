//! Types as BCS: the form of a type tag inside transactions, objects and dynamic field ids.

use super::{Datatype, Type};

impl Type {
    /// The BCS bytes of a concrete type, as Sui encodes a `TypeTag`; `None` for references and
    /// type parameters, which have no such form.
    ///
    /// Layout: one byte of kind (bool 0, u8 1, u64 2, u128 3, address 4, signer 5, vector 6,
    /// datatype 7, u16 8, u32 9, u256 10); a vector is followed by its element; a datatype by the
    /// 32 address bytes, module, name (each length-prefixed) and its argument list.
    #[must_use]
    pub fn to_bcs(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(64);
        write_type(&mut out, self)?;
        Some(out)
    }
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).expect("seven bits fit a byte") | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).expect("less than 0x80"));
}

fn write_datatype(out: &mut Vec<u8>, datatype: &Datatype) -> Option<()> {
    out.extend_from_slice(&datatype.address.0);
    for name in [&datatype.module, &datatype.name] {
        write_length(out, name.len());
        out.extend_from_slice(name.as_bytes());
    }
    write_length(out, datatype.type_args.len());
    for argument in &datatype.type_args {
        write_type(out, argument)?;
    }
    Some(())
}

fn write_type(out: &mut Vec<u8>, ty: &Type) -> Option<()> {
    let kind = match ty {
        Type::Bool => 0,
        Type::U8 => 1,
        Type::U64 => 2,
        Type::U128 => 3,
        Type::Address => 4,
        Type::Signer => 5,
        Type::Vector(_) => 6,
        Type::Datatype(_) => 7,
        Type::U16 => 8,
        Type::U32 => 9,
        Type::U256 => 10,
        Type::Reference(_) | Type::MutableReference(_) | Type::TypeParameter(_) => return None,
    };
    out.push(kind);
    match ty {
        Type::Vector(element) => write_type(out, element),
        Type::Datatype(datatype) => write_datatype(out, datatype),
        _ => Some(()),
    }
}
