// Plain requests: the usual kind of remote write 1.0: series of labels and then float samples in the order of time, nothing else. They
// are decompressed into the batch that goes onto the bus, and no label is looked at.
#pragma once

#include <optional>
#include <string_view>

#include "tarsier/flat_samples.hpp"

namespace tarsier::remote_write {

struct PlainBatch {
  Batch batch;
  uint32_t samples = 0;
};

/// `body`: a snappy block that decompresses to `size` bytes. Nothing when the request is of another kind or malformed: then the general
/// reader says what it is. `series_hint`: how many series there may be; is set to how many there were.
std::optional<PlainBatch> make_plain_batch(const Host& host, std::string_view body, uint64_t size, uint32_t& series_hint);

}  // namespace tarsier::remote_write
