// The points of metrics: the messages NumberDataPoint, HistogramDataPoint, ExponentialHistogramDataPoint and SummaryDataPoint.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/collect/otlp_receiver/attributes.hpp"
#include "plugins/collect/otlp_receiver/metric_name.hpp"

namespace tarsier::otlp {

struct Buckets {
  int32_t offset = 0;
  std::vector<uint64_t> counts;
};

struct Exemplar {
  uint64_t time_ns = 0;
  double value = 0;
  protobuf::Bytes trace_id, span_id;
  std::vector<Attribute> attributes;
};

/// One point of any kind; the parts of other kinds are empty.
struct Point {
  uint64_t start_ns = 0, time_ns = 0;  // since 1970; 0: not said
  bool no_value = false;               // the series has ended
  std::vector<Attribute> attributes;
  std::vector<Exemplar> exemplars;
  double value = 0;           // of numbers
  uint64_t count = 0;         // of the others
  std::optional<double> sum;  // of the others
  std::vector<uint64_t> bucket_counts;
  std::vector<double> bounds;
  int32_t scale = 0;  // of exponential histograms
  uint64_t zero_count = 0;
  Buckets positive, negative;
  std::vector<std::pair<double, double>> quantiles;  // of summaries: which, and its value
};

/// False: malformed.
bool read_point(protobuf::Bytes message, MetricKind kind, Point& out);

}  // namespace tarsier::otlp
