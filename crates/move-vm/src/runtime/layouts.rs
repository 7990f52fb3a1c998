//! Shapes of runtime types.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::ty::{DatatypeBody, DatatypeTy, Naming, Ty};
use crate::error::{Status, VmError, VmResult};
use crate::identifier::Identifier;
use crate::layout::{EnumLayout, FieldLayout, LoadedType, StructLayout, TypeLayout, VariantLayout};
use crate::types::Type;

/// Most types whose shape is kept; the cache starts anew beyond.
const MAX_CACHED_TYPES: usize = 10_000;

/// Shapes of types that were asked for from outside.
#[derive(Debug, Default)]
pub(crate) struct TypeCache(RwLock<HashMap<Type, Arc<LoadedType>>>);

impl TypeCache {
    pub(crate) fn get(&self, ty: &Type) -> Option<Arc<LoadedType>> {
        self.0.read().ok()?.get(ty).cloned()
    }

    pub(crate) fn insert(&self, ty: Type, loaded: Arc<LoadedType>) {
        if let Ok(mut types) = self.0.write() {
            if types.len() >= MAX_CACHED_TYPES {
                types.clear();
            }
            types.insert(ty, loaded);
        }
    }

    pub(crate) fn clear(&self) {
        if let Ok(mut types) = self.0.write() {
            types.clear();
        }
    }
}

/// Most nodes of one layout, without sharing.
const MAX_LAYOUT_NODES: usize = 512;
/// Deepest nesting of one layout.
const MAX_LAYOUT_DEPTH: usize = 128;

/// Everything natives and ledgers ask of a closed type; cached in datatypes.
pub(crate) fn load_type(ty: &Ty) -> VmResult<Arc<LoadedType>> {
    if let Ty::Datatype(datatype) = ty
        && let Some(loaded) = datatype.loaded.get()
    {
        return Ok(loaded.clone());
    }
    let mut budget = MAX_LAYOUT_NODES;
    let loaded = Arc::new(LoadedType {
        ty: ty.to_type(Naming::Defining),
        original_ty: ty.to_type(Naming::Original),
        layout: layout(ty, &mut budget, 1)?,
        abilities: ty.abilities(&[]),
    });
    if let Ty::Datatype(datatype) = ty {
        return Ok(datatype.loaded.get_or_init(|| loaded).clone());
    }
    Ok(loaded)
}

fn layout(ty: &Ty, budget: &mut usize, depth: usize) -> VmResult<TypeLayout> {
    *budget = budget
        .checked_sub(1)
        .ok_or_else(|| VmError::with_message(Status::TypeLimit, "layout has too many nodes"))?;
    if depth > MAX_LAYOUT_DEPTH {
        return Err(VmError::with_message(
            Status::TypeLimit,
            "layout is nested too deeply",
        ));
    }
    Ok(match ty {
        Ty::Bool => TypeLayout::Bool,
        Ty::U8 => TypeLayout::U8,
        Ty::U16 => TypeLayout::U16,
        Ty::U32 => TypeLayout::U32,
        Ty::U64 => TypeLayout::U64,
        Ty::U128 => TypeLayout::U128,
        Ty::U256 => TypeLayout::U256,
        Ty::Address => TypeLayout::Address,
        Ty::Signer => TypeLayout::Signer,
        Ty::Vector(inner) => TypeLayout::Vector(Arc::new(layout(inner, budget, depth + 1)?)),
        Ty::Datatype(datatype) => datatype_layout(ty, datatype, budget, depth)?,
        Ty::Reference(_) | Ty::MutableReference(_) | Ty::Parameter(_) => {
            return Err(VmError::with_message(
                Status::Invariant,
                "references and type parameters have no layout",
            ));
        }
    })
}

fn datatype_layout(
    ty: &Ty,
    datatype: &DatatypeTy,
    budget: &mut usize,
    depth: usize,
) -> VmResult<TypeLayout> {
    let Type::Datatype(name) = ty.to_type(Naming::Defining) else {
        return Err(VmError::new(Status::Invariant));
    };
    let mut fields = |fields: &[(Identifier, Ty)]| -> VmResult<Vec<FieldLayout>> {
        fields
            .iter()
            .map(|(name, ty)| {
                Ok(FieldLayout {
                    name: name.clone(),
                    layout: layout(&ty.substitute(&datatype.args)?, budget, depth + 1)?,
                })
            })
            .collect()
    };
    Ok(match &datatype.info.body {
        DatatypeBody::Struct(members) => TypeLayout::Struct(Arc::new(StructLayout {
            datatype: *name,
            fields: fields(members)?,
        })),
        DatatypeBody::Enum(variants) => TypeLayout::Enum(Arc::new(EnumLayout {
            datatype: *name,
            variants: variants
                .iter()
                .map(|(name, members)| {
                    Ok(VariantLayout {
                        name: name.clone(),
                        fields: fields(members)?,
                    })
                })
                .collect::<VmResult<_>>()?,
        })),
        DatatypeBody::Native => {
            return Err(VmError::with_message(
                Status::Invariant,
                "native structs have no layout",
            ));
        }
    })
}
