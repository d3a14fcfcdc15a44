// decode_chunk: the samples of a chunk that ChunkEncoder wrote. Any bits may come in; those that no encoder wrote are an error,
// never a read outside.
#pragma once

#include "chunk_encoder.hpp"
#include "tarsier/result.hpp"

namespace tarsier::samples {

/// Appends the samples with start <= time <= end. Does not look at the view's min_time and max_time.
Result<void> decode_chunk(const ChunkView& chunk, int64_t start, int64_t end, Columns& out);

}  // namespace tarsier::samples
