// The common case of remote write 1.0, read in place: series with contiguous labels and floats in the order of time, and nothing
// else.
#pragma once

#include "plugins/lib/protobuf_wire/wire_reader.hpp"
#include "tarsier/flat_samples.hpp"

namespace tarsier::remote_write {

/// Writes the series of the message, which lies in out.bytes(). False: something in it is not plain, or not good; then
/// read_write_request() is to read it, and `out` is of no use.
bool read_plain_request(protobuf::Bytes message, batch::FlatSamples& out);

}  // namespace tarsier::remote_write
