// The messages of remote read: prometheus.ReadRequest, ReadResponse and ChunkedReadResponse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"
#include "plugins/query/promql/exec/labels.hpp"
#include "plugins/query/promql/remote_read/chunks.hpp"

namespace tarsier::promql {

/// Without the hints, by which a store could answer with less than all samples.
struct ReadQuery {
  int64_t start_ns = 0, end_ns = 0;  // inclusive
  std::vector<Matcher> matchers;
};
struct ReadRequest {
  std::vector<ReadQuery> queries;
  bool chunks = false;  // STREAMED_XOR_CHUNKS is what the client likes best of what there is; otherwise SAMPLES
};

/// From a snappy block. INVALID: it cannot be read, or no type of answer that the client takes is known here.
Result<ReadRequest> read_request(std::string_view body);

/// One series as the message TimeSeries. CORRUPT: a histogram that cannot be read.
Result<std::string> write_time_series(const tarsier_series& series);

/// A ChunkedReadResponse of one series, with what the stream puts around it: its size and checksum.
std::string write_frame(const Labels& labels, const Chunk* chunks, size_t count, uint64_t query_index);

/// As the body of an answer.
std::string snappy_block(std::string_view message);

}  // namespace tarsier::promql
