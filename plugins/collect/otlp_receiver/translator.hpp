// Translator: the message ExportMetricsServiceRequest into series and samples.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plugins/collect/otlp_receiver/labels.hpp"
#include "plugins/collect/otlp_receiver/point.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::otlp {

/// What of a request is not stored, in the words that a client is told.
struct Refusals {
  uint64_t points = 0;
  std::string reasons = {};  // of the first few
  void add(uint64_t count, std::string_view metric, std::string_view why);
};

class Translator {
 public:
  /// Keeps references. `builder` is empty.
  Translator(const Settings& settings, batch::SamplesBuilder& builder, Refusals& refusals)
      : settings_(settings), builder_(builder), refusals_(refusals) {}

  /// INVALID: malformed protobuf, nothing of it is to be used. What is well formed and cannot be stored is refused by itself.
  Result<void> read(protobuf::Bytes request);

 private:
  using Bytes = protobuf::Bytes;
  struct Metric {
    std::string_view name, help, unit;
    MetricKind kind = MetricKind::gauge;
    bool known_kind = false;
    bool cumulative = true;
    std::vector<Bytes> points;
  };
  struct Span {  // of the times of a resource's points
    uint64_t first = UINT64_MAX, last = 0;
  };

  Result<void> resource(Bytes message);
  Result<void> scope(Bytes message, ResourceLabels& labels, Span& span);
  Result<void> metric(Bytes message, const ResourceLabels& labels, Span& span);
  bool read_metric(Bytes message, Metric& out) const;
  bool read_data(Bytes message, uint32_t number, Metric& out) const;
  Result<void> write(const Metric& metric, const std::string& name, const Point& point, const ResourceLabels& labels);
  void write_histogram(const std::string& name, const Point& point, LabelMap& labels);
  void write_summary(const std::string& name, const Point& point, LabelMap& labels);
  void write_target_info(const LabelMap& labels, Span span);
  void metadata(const std::string& name, uint32_t type, std::string_view help, const std::string& unit);

  void begin_series(const std::string& name, const LabelMap& labels);
  void sample(const Point& point, double value);
  void write_exemplar(const Exemplar& exemplar, const Point& point);

  const Settings& settings_;
  batch::SamplesBuilder& builder_;
  Refusals& refusals_;
  std::set<std::pair<LabelMap, int64_t>> told_targets_;  // labels and time of target_info
  std::vector<batch::Label> pairs_;
  std::vector<uint8_t> encoded_;
};

}  // namespace tarsier::otlp
