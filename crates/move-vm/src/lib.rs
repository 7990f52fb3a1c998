//! Sui Move bytecode: reader, interpreter and natives behind an object-runtime trait.
