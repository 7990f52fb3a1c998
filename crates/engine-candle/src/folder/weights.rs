//! Safetensors by their place in the decoder, as 32-bit floats.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};

use crate::decoder::weights::Projection;
use crate::decoder::{Part, TensorSource};
use crate::load::LoadError;

/// The tensors of a model folder, in memory.
#[derive(Debug)]
pub struct FolderWeights {
    tensors: HashMap<String, Tensor>,
}

impl FolderWeights {
    /// Reads these files.
    ///
    /// # Errors
    /// [`LoadError`]: a file cannot be read, or is not a safetensors file.
    pub fn read(files: &[PathBuf]) -> Result<Self, LoadError> {
        let mut tensors = HashMap::new();
        for path in files {
            let content = std::fs::read(path).map_err(LoadError::io(path))?;
            let read = candle_core::safetensors::load_buffer(&content, &Device::Cpu)
                .map_err(|cause| LoadError::damaged(path.display().to_string())(cause.into()))?;
            tensors.extend(read);
        }
        Ok(Self { tensors })
    }

    fn tensor(&mut self, part: &Part, expected: &[usize]) -> Result<Tensor, LoadError> {
        let name = name_of(part);
        let tensor = self
            .tensors
            .remove(&name)
            .ok_or_else(|| LoadError::missing(&name))?;
        if tensor.dims() != expected {
            let found = tensor.dims().to_vec();
            return Err(LoadError::BadShape {
                name,
                expected: expected.to_vec(),
                found,
            });
        }
        Ok(tensor.to_dtype(DType::F32)?)
    }
}

impl TensorSource for FolderWeights {
    fn has(&self, part: &Part) -> bool {
        self.tensors.contains_key(&name_of(part))
    }

    fn matrix(
        &mut self,
        part: &Part,
        rows: usize,
        columns: usize,
    ) -> Result<Projection, LoadError> {
        Ok(Projection::dense(self.tensor(part, &[rows, columns])?))
    }

    fn vector(&mut self, part: &Part, length: usize) -> Result<Tensor, LoadError> {
        self.tensor(part, &[length])
    }
}

/// The name of a tensor in safetensors files.
#[must_use]
pub fn name_of(part: &Part) -> String {
    match part {
        Part::Embedding => "model.embed_tokens.weight".to_owned(),
        Part::OutputNorm => "model.norm.weight".to_owned(),
        Part::Output => "lm_head.weight".to_owned(),
        Part::RopeFactors => "rope_freqs.weight".to_owned(),
        Part::AttentionNorm(layer) => format!("model.layers.{layer}.input_layernorm.weight"),
        Part::Query(layer) => format!("model.layers.{layer}.self_attn.q_proj.weight"),
        Part::QueryBias(layer) => format!("model.layers.{layer}.self_attn.q_proj.bias"),
        Part::QueryNorm(layer) => format!("model.layers.{layer}.self_attn.q_norm.weight"),
        Part::Key(layer) => format!("model.layers.{layer}.self_attn.k_proj.weight"),
        Part::KeyBias(layer) => format!("model.layers.{layer}.self_attn.k_proj.bias"),
        Part::KeyNorm(layer) => format!("model.layers.{layer}.self_attn.k_norm.weight"),
        Part::Value(layer) => format!("model.layers.{layer}.self_attn.v_proj.weight"),
        Part::ValueBias(layer) => format!("model.layers.{layer}.self_attn.v_proj.bias"),
        Part::AttentionOutput(layer) => format!("model.layers.{layer}.self_attn.o_proj.weight"),
        Part::FeedForwardNorm(layer) => {
            format!("model.layers.{layer}.post_attention_layernorm.weight")
        }
        Part::Gate(layer) => format!("model.layers.{layer}.mlp.gate_proj.weight"),
        Part::Up(layer) => format!("model.layers.{layer}.mlp.up_proj.weight"),
        Part::Down(layer) => format!("model.layers.{layer}.mlp.down_proj.weight"),
    }
}
