// The message Histogram, which both versions of remote write share.
#pragma once

#include "plugins/lib/protobuf_wire/wire_reader.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::remote_write {

struct HistogramMessage {
  NativeHistogram histogram;
  int64_t time_ms = 0;
  int64_t start_ms = 0;  // 0: none
};

/// False: malformed protobuf. What the parts mean is for check_histogram() to say. An integer count above 2^53 becomes the nearest
/// double.
bool read_histogram(protobuf::Bytes message, HistogramMessage& out);

}  // namespace tarsier::remote_write
