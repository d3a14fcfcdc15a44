// The message Histogram, which both versions of remote write share.
#pragma once

#include "plugins/lib/protobuf_wire/wire_writer.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::forward {

/// `start_ms` 0: none.
void write_histogram(protobuf::WireWriter& out, const NativeHistogram& histogram, int64_t time_ms, int64_t start_ms);

}  // namespace tarsier::forward
