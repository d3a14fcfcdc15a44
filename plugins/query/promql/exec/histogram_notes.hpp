// What operators and functions over histograms say beside their results, in the original's words.
#pragma once

#include <string>
#include <string_view>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/labels.hpp"
#include "plugins/query/promql/exec/query_context.hpp"
#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

/// About one part of the query.
class HistogramNotes {
 public:
  HistogramNotes(QueryContext& context, Position position) : context_(context), position_(position) {}

  // of one series
  void mixed_types(const Labels& labels) const {
    context_.warn("encountered a mix of histograms and floats for metric name " + name_of(labels), position_);
  }
  void mixed_schemas(const Labels& labels) const {
    context_.warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " + name_of(labels),
        position_);
  }
  void not_a_counter(const Labels& labels) const {
    context_.warn("this native histogram metric is not a counter: " + name_of(labels), position_);
  }
  void not_a_gauge(const Labels& labels) const {
    context_.warn("this native histogram metric is not a gauge: " + name_of(labels), position_);
  }
  void start_overlaps(const Labels& labels) const {
    context_.warn("sample has start time that overlaps with previous sample timestamp for metric " + name_of(labels), position_);
  }
  void histograms_ignored(const Labels& labels) const {
    context_.inform("ignored histograms in a range containing both floats and histograms for metric name " + name_of(labels),
                    position_);
  }

  // of an aggregation
  void mixed_types_aggregated() const { context_.warn("encountered a mix of histograms and floats for aggregation", position_); }
  void ignored_in(std::string_view aggregation) const {
    context_.inform("ignored histogram in " + std::string(aggregation) + " aggregation", position_);
  }

  /// `operation`: addition, subtraction or aggregation.
  void collision(std::string_view operation) const {
    context_.warn("conflicting counter resets during histogram " + std::string(operation), position_);
  }
  void reconciled(std::string_view operation) const {
    context_.inform("mismatched custom buckets were reconciled during " + std::string(operation), position_);
  }

  // of a binary operator
  void incompatible_types(std::string_view left, std::string_view op, std::string_view right) const {
    context_.inform("incompatible sample types encountered for binary operator " + quote(op) + ": " + std::string(left) + " " +
                        std::string(op) + " " + std::string(right),
                    position_);
  }
  void incompatible_buckets(std::string_view op) const {
    context_.warn("incompatible bucket layout encountered for binary operator " + std::string(op), position_);
  }

 private:
  static std::string name_of(const Labels& labels) { return quote(labels.get(kMetricName)); }

  QueryContext& context_;
  const Position position_;
};

}  // namespace tarsier::promql
