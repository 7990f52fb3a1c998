//! A GGUF file's tensors by their place in the decoder.

use std::io::{Read, Seek};

use candle_core::quantized::gguf_file::Content;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use crate::decoder::weights::Projection;
use crate::decoder::{Part, TensorSource};
use crate::load::LoadError;

/// Models of at most this size as 32-bit floats are computed in them.
///
/// Quantised products round the states to 8 bits, which costs a small model more of its wits than it saves time; and
/// they run on one pool for the whole process whose threads wait by spinning.
pub const DENSE_LIMIT_BYTES: usize = 1 << 30;

/// A GGUF file's tensors.
///
/// Formats without a fast product (`Q4_1`, `Q5_0`, `Q5_1`) become `Q8_0`, which loses next to nothing.
#[derive(Debug)]
pub struct GgufWeights<'a, R> {
    content: &'a Content,
    reader: &'a mut R,
    dense: bool,
}

impl<'a, R: Read + Seek> GgufWeights<'a, R> {
    /// The tensors of this file.
    pub fn new(content: &'a Content, reader: &'a mut R) -> Self {
        let elements = content
            .tensor_infos
            .values()
            .try_fold(0_usize, |sum, info| {
                let size = info
                    .shape
                    .dims()
                    .iter()
                    .try_fold(1_usize, |size, side| size.checked_mul(*side))?;
                sum.checked_add(size)
            });
        let bytes = elements.and_then(|elements| elements.checked_mul(size_of::<f32>()));
        Self {
            content,
            reader,
            dense: bytes.is_some_and(|bytes| bytes <= DENSE_LIMIT_BYTES),
        }
    }

    fn tensor(&mut self, part: &Part, expected: &[usize]) -> Result<QTensor, LoadError> {
        let name = name_of(part);
        let info = self
            .content
            .tensor_infos
            .get(&name)
            .ok_or_else(|| LoadError::missing(&name))?;
        if info.shape.dims() != expected {
            let found = info.shape.dims().to_vec();
            return Err(LoadError::BadShape {
                name,
                expected: expected.to_vec(),
                found,
            });
        }
        self.content
            .tensor(self.reader, &name, &Device::Cpu)
            .map_err(|cause| LoadError::damaged(format!("tensor `{name}`"))(cause.into()))
    }
}

impl<R: Read + Seek> TensorSource for GgufWeights<'_, R> {
    fn has(&self, part: &Part) -> bool {
        self.content.tensor_infos.contains_key(&name_of(part))
    }

    fn matrix(
        &mut self,
        part: &Part,
        rows: usize,
        columns: usize,
    ) -> Result<Projection, LoadError> {
        let tensor = self.tensor(part, &[rows, columns])?;
        if self.dense {
            return Ok(Projection::dense(tensor.dequantize(&Device::Cpu)?));
        }
        let tensor = match tensor.dtype() {
            GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 | GgmlDType::Q8_1 => {
                QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)?
            }
            _ => tensor,
        };
        Ok(Projection::quantised(tensor)?)
    }

    fn vector(&mut self, part: &Part, length: usize) -> Result<Tensor, LoadError> {
        Ok(self.tensor(part, &[length])?.dequantize(&Device::Cpu)?)
    }
}

/// The name of a tensor in GGUF files.
#[must_use]
pub fn name_of(part: &Part) -> String {
    match part {
        Part::Embedding => "token_embd.weight".to_owned(),
        Part::OutputNorm => "output_norm.weight".to_owned(),
        Part::Output => "output.weight".to_owned(),
        Part::RopeFactors => "rope_freqs.weight".to_owned(),
        Part::AttentionNorm(layer) => format!("blk.{layer}.attn_norm.weight"),
        Part::Query(layer) => format!("blk.{layer}.attn_q.weight"),
        Part::QueryBias(layer) => format!("blk.{layer}.attn_q.bias"),
        Part::QueryNorm(layer) => format!("blk.{layer}.attn_q_norm.weight"),
        Part::Key(layer) => format!("blk.{layer}.attn_k.weight"),
        Part::KeyBias(layer) => format!("blk.{layer}.attn_k.bias"),
        Part::KeyNorm(layer) => format!("blk.{layer}.attn_k_norm.weight"),
        Part::Value(layer) => format!("blk.{layer}.attn_v.weight"),
        Part::ValueBias(layer) => format!("blk.{layer}.attn_v.bias"),
        Part::AttentionOutput(layer) => format!("blk.{layer}.attn_output.weight"),
        Part::FeedForwardNorm(layer) => format!("blk.{layer}.ffn_norm.weight"),
        Part::Gate(layer) => format!("blk.{layer}.ffn_gate.weight"),
        Part::Up(layer) => format!("blk.{layer}.ffn_up.weight"),
        Part::Down(layer) => format!("blk.{layer}.ffn_down.weight"),
    }
}
