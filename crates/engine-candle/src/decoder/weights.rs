//! Where a decoder's tensors come from, and how a matrix is multiplied with.

use std::sync::Arc;

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{DType, Module, Result, Tensor};

use crate::load::LoadError;

/// A tensor of a decoder; the number is the layer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Part {
    Embedding,
    OutputNorm,
    Output,
    RopeFactors,
    AttentionNorm(usize),
    Query(usize),
    QueryBias(usize),
    QueryNorm(usize),
    Key(usize),
    KeyBias(usize),
    KeyNorm(usize),
    Value(usize),
    ValueBias(usize),
    AttentionOutput(usize),
    FeedForwardNorm(usize),
    Gate(usize),
    Up(usize),
    Down(usize),
}

/// Gives tensors by their place in the decoder.
pub trait TensorSource {
    /// Whether there is such a tensor.
    fn has(&self, part: &Part) -> bool;

    /// A matrix of `rows` outputs and `columns` inputs.
    ///
    /// # Errors
    /// [`LoadError`]: it is missing, has another shape, or cannot be read.
    fn matrix(
        &mut self,
        part: &Part,
        rows: usize,
        columns: usize,
    ) -> std::result::Result<Projection, LoadError>;

    /// A vector of 32-bit floats.
    ///
    /// # Errors
    /// [`LoadError`]: it is missing, has another length, or cannot be read.
    fn vector(&mut self, part: &Part, length: usize) -> std::result::Result<Tensor, LoadError>;
}

/// A matrix that states are multiplied with, quantised or not, and what is added afterwards.
#[derive(Debug, Clone)]
pub struct Projection {
    matrix: Matrix,
    bias: Option<Tensor>,
}

#[derive(Debug, Clone)]
enum Matrix {
    Quantised(QMatMul),
    /// `(outputs, inputs)`.
    Dense(Tensor),
}

impl Projection {
    /// A quantised matrix.
    ///
    /// # Errors
    /// The tensor cannot be made into one.
    pub fn quantised(tensor: QTensor) -> Result<Self> {
        Ok(Self {
            matrix: Matrix::Quantised(QMatMul::from_arc(Arc::new(tensor))?),
            bias: None,
        })
    }

    /// A matrix of 32-bit floats.
    #[must_use]
    pub fn dense(tensor: Tensor) -> Self {
        Self {
            matrix: Matrix::Dense(tensor),
            bias: None,
        }
    }

    /// Adds a bias.
    #[must_use]
    pub fn with_bias(self, bias: Tensor) -> Self {
        Self {
            bias: Some(bias),
            ..self
        }
    }

    /// Multiplies states, `(count, inputs)` in, `(count, outputs)` out.
    pub(super) fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let product = match &self.matrix {
            Matrix::Quantised(matrix) => matrix.forward(states)?,
            Matrix::Dense(matrix) => states
                .to_dtype(matrix.dtype())?
                .matmul(&matrix.t()?)?
                .to_dtype(DType::F32)?,
        };
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }

    /// The rows of these numbers: an embedding.
    pub(super) fn rows(&self, numbers: &Tensor) -> Result<Tensor> {
        match &self.matrix {
            Matrix::Quantised(matrix) => matrix.embedding(numbers),
            Matrix::Dense(matrix) => matrix.index_select(numbers, 0)?.to_dtype(DType::F32),
        }
    }
}
