// The page of /federate as protobuf: messages io.prometheus.client.MetricFamily, each after its length.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"
#include "plugins/query/promql/api/name_escaping.hpp"
#include "plugins/query/promql/exec/labels.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::promql {

/// Whether an Accept header asks for protobuf before text, and with which names.
struct FederateFormat {
  bool protobuf = false;
  bool utf8 = false;  // of the protobuf form
};
FederateFormat read_accept(std::string_view accept);

class ProtobufPage {
 public:
  explicit ProtobufPage(bool utf8) : utf8_(utf8) {}

  /// Series in the order of their names. `histogram`: null for a number.
  void add(const Labels& labels, int64_t time_ms, double value, const NativeHistogram* histogram);
  std::vector<std::string> finish();
  std::string_view content_type() const noexcept;

 private:
  void end_family();

  const bool utf8_;
  std::string name_;
  uint64_t type_ = 0;
  protobuf::WireWriter metrics_;  // of the family that is being written
  std::string text_;
  std::vector<std::string> pieces_;
};

}  // namespace tarsier::promql
