//! A ledger in memory: packages, child objects, events, and what became of objects.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use atoma_move_vm::{
    Address, Argument, Call, ChildHandle, CompiledModule, Host, Identifier, LinearGas, LoadedType,
    ModuleResolver, ObjectError, ObjectRuntime, Outcome, Package, Recipient, ResolverError,
    TxFacts, Type, Value, Vm, VmResult, derive_fresh_id,
};

/// Where the test package lives.
pub(crate) const MACHINE: Address = Address::from_suffix(0xAA);
/// Units of gas that no well-behaved test uses up.
pub(crate) const PLENTY: u64 = 10_000_000;

/// Packages by storage id.
#[derive(Debug, Default, Clone)]
pub(crate) struct Packages(pub(crate) BTreeMap<Address, Arc<Package>>);

impl ModuleResolver for Packages {
    fn package(&self, storage_id: &Address) -> Result<Option<Arc<Package>>, ResolverError> {
        Ok(self.0.get(storage_id).cloned())
    }
}

pub(crate) fn name(text: &str) -> Identifier {
    Identifier::new(text).unwrap()
}

/// A package version made of a compiled one, with its modules at `original`.
pub(crate) fn package(
    compiled: &atoma_contracts::Package,
    storage_id: Address,
    original_id: Address,
    version: u64,
    dependencies: &[Address],
) -> Package {
    Package {
        storage_id,
        original_id,
        version,
        modules: compiled
            .modules
            .iter()
            .map(|module| {
                let own = CompiledModule::read(&module.bytes).unwrap().id().address;
                let bytes = if own == Address::ZERO {
                    atoma_move_vm::binary::relocate(&module.bytes, original_id).unwrap()
                } else {
                    module.bytes.clone()
                };
                (name(&module.name), bytes)
            })
            .collect(),
        linkage: dependencies.iter().map(|id| (*id, *id)).collect(),
        type_origins: BTreeMap::new(),
    }
}

static PACKAGES: LazyLock<Packages> = LazyLock::new(|| {
    let [std, sui] = atoma_contracts::framework();
    let machine = atoma_contracts::testing::package("machine").unwrap();
    let all = [
        package(&std, Address::STD, Address::STD, 1, &[]),
        package(&sui, Address::SUI, Address::SUI, 1, &[Address::STD]),
        package(&machine, MACHINE, MACHINE, 1, &[Address::STD, Address::SUI]),
    ];
    Packages(
        all.into_iter()
            .map(|package| (package.storage_id, Arc::new(package)))
            .collect(),
    )
});

/// The framework and the test package.
pub(crate) fn packages() -> Packages {
    PACKAGES.clone()
}

static VM: LazyLock<Vm> = LazyLock::new(Vm::default);

/// A machine that all tests share, so that its cache is used from many threads.
pub(crate) fn vm() -> &'static Vm {
    &VM
}

#[derive(Debug)]
struct Child {
    ty: Type,
    value: Option<Value>,
}

/// One transaction's objects.
#[derive(Debug)]
pub(crate) struct Objects {
    tx: TxFacts,
    created: u64,
    children: BTreeMap<(Address, Address), usize>,
    slots: Vec<Child>,
    pub(crate) events: Vec<(Arc<LoadedType>, Value)>,
    pub(crate) given: Vec<(Type, Value, Recipient)>,
    pub(crate) deleted: Vec<Address>,
    /// Takes objects whatever their shape, for code that was not verified.
    lenient: bool,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            tx: TxFacts {
                sender: Address::from_suffix(0x51),
                sponsor: None,
                digest: [7; 32],
                epoch: 3,
                epoch_timestamp_ms: 1_000,
                reference_gas_price: 1_000,
                gas_price: 1_234,
                gas_budget: 50_000_000,
            },
            created: 0,
            children: BTreeMap::new(),
            slots: Vec::new(),
            events: Vec::new(),
            given: Vec::new(),
            deleted: Vec::new(),
            lenient: false,
        }
    }
}

impl Objects {
    /// Objects of code that was not verified.
    pub(crate) fn lenient() -> Self {
        Self {
            lenient: true,
            ..Self::default()
        }
    }

    /// Verified code hands over values of the shape of their type.
    fn check_shape(&self, ty: &LoadedType, value: &Value) -> Result<(), ObjectError> {
        match value.to_bcs(&ty.layout) {
            Ok(_) => Ok(()),
            Err(error) if self.lenient => Err(ObjectError::Invariant(error.to_string())),
            Err(error) => panic!("{error}: {value:?} is no {}", ty.ty),
        }
    }

    pub(crate) fn tx_context(&self) -> Value {
        self.tx.to_tx_context(self.created)
    }

    fn find(&self, parent: Address, id: Address, ty: &Type) -> Result<usize, ObjectError> {
        let slot = *self
            .children
            .get(&(parent, id))
            .ok_or(ObjectError::NotFound)?;
        if self.slots[slot].ty == *ty {
            Ok(slot)
        } else {
            Err(ObjectError::TypeMismatch)
        }
    }
}

impl ObjectRuntime for Objects {
    fn tx(&self) -> &TxFacts {
        &self.tx
    }

    fn ids_created(&self) -> u64 {
        self.created
    }

    fn fresh_id(&mut self) -> Result<Address, ObjectError> {
        self.created += 1;
        Ok(derive_fresh_id(&self.tx.digest, self.created - 1))
    }

    fn record_new_uid(&mut self, _: Address) -> Result<(), ObjectError> {
        Ok(())
    }

    fn delete_uid(&mut self, id: Address) -> Result<(), ObjectError> {
        self.deleted.push(id);
        Ok(())
    }

    fn transfer(
        &mut self,
        ty: &Arc<LoadedType>,
        object: Value,
        recipient: Recipient,
    ) -> Result<(), ObjectError> {
        self.check_shape(ty, &object)?;
        self.given.push((ty.ty.clone(), object, recipient));
        Ok(())
    }

    fn receive(
        &mut self,
        _: Address,
        _: Address,
        _: u64,
        _: &Arc<LoadedType>,
    ) -> Result<Value, ObjectError> {
        Err(ObjectError::NotFound)
    }

    fn add_child(
        &mut self,
        parent: Address,
        ty: &Arc<LoadedType>,
        child: Value,
    ) -> Result<(), ObjectError> {
        self.check_shape(ty, &child)?;
        let id = child
            .object_id()
            .ok_or_else(|| ObjectError::Invariant("child has no id".to_owned()))?;
        let key = (parent, id);
        if self.children.contains_key(&key) {
            return Err(ObjectError::AlreadyExists);
        }
        self.children.insert(key, self.slots.len());
        self.slots.push(Child {
            ty: ty.ty.clone(),
            value: Some(child),
        });
        Ok(())
    }

    fn borrow_child(
        &mut self,
        parent: Address,
        id: Address,
        ty: &Arc<LoadedType>,
        _: bool,
    ) -> Result<ChildHandle, ObjectError> {
        let slot = self.find(parent, id, &ty.ty)?;
        Ok(ChildHandle(u32::try_from(slot).unwrap()))
    }

    fn child(&self, handle: ChildHandle) -> Option<&Value> {
        self.slots[handle.0 as usize].value.as_ref()
    }

    fn child_mut(&mut self, handle: ChildHandle) -> Option<&mut Value> {
        self.slots[handle.0 as usize].value.as_mut()
    }

    fn remove_child(
        &mut self,
        parent: Address,
        id: Address,
        ty: &Arc<LoadedType>,
    ) -> Result<Value, ObjectError> {
        let slot = self.find(parent, id, &ty.ty)?;
        self.children.remove(&(parent, id));
        Ok(self.slots[slot].value.take().unwrap())
    }

    fn has_child(
        &mut self,
        parent: Address,
        id: Address,
        ty: Option<&Arc<LoadedType>>,
    ) -> Result<bool, ObjectError> {
        Ok(match ty {
            Some(ty) => self.find(parent, id, &ty.ty).is_ok(),
            None => self.children.contains_key(&(parent, id)),
        })
    }

    fn emit(&mut self, ty: &Arc<LoadedType>, event: Value) -> Result<(), ObjectError> {
        self.check_shape(ty, &event)?;
        self.events.push((ty.clone(), event));
        Ok(())
    }
}

/// Calls a function of the test package on `objects`.
pub(crate) fn call_on(
    objects: &mut Objects,
    module: &str,
    function: &str,
    type_args: &[Type],
    args: Vec<Argument>,
) -> VmResult<Outcome> {
    let packages = packages();
    let mut gas = LinearGas::new(PLENTY);
    vm().execute(
        Call {
            package: MACHINE,
            module,
            function,
            type_args,
            args,
        },
        Host {
            resolver: &packages,
            objects,
            gas: &mut gas,
        },
    )
}

/// Calls a function of the test package with arguments by value.
pub(crate) fn call(module: &str, function: &str, args: Vec<Value>) -> VmResult<Vec<Value>> {
    let args = args.into_iter().map(Argument::Value).collect();
    call_on(&mut Objects::default(), module, function, &[], args).map(|outcome| outcome.returns)
}

/// The type `MACHINE::module::name`.
pub(crate) fn own_type(module: &str, datatype: &str) -> Type {
    Type::datatype(MACHINE, name(module), name(datatype))
}

pub(crate) fn bytes(text: &[u8]) -> Value {
    Value::Bytes(text.to_vec())
}
