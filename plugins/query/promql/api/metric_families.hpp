// A page of metrics in the text format as MetricFamily messages of client_model, in the JSON that protobuf defines for them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/lib/exposition/series_text.hpp"
#include "plugins/lib/json/json_writer.hpp"

namespace tarsier::promql {

class MetricFamilies {
 public:
  /// INVALID when a line cannot be read.
  static Result<MetricFamilies> of(std::string_view page);
  /// An array of those whose name is wanted, by name; metrics of a family by their labels.
  void write(json::Writer& json, const std::function<bool(std::string_view)>& is_wanted) const;

 private:
  using LabelPairs = std::vector<std::pair<std::string, std::string>>;
  struct Metric {
    double value = 0;  // of all but histograms and summaries
    double sum = 0;
    uint64_t count = 0;
    std::vector<std::pair<double, double>> points;  // upper bound and cumulative count, or quantile and value
  };
  struct Family {
    std::string help;
    uint32_t type = 0;  // TARSIER_SERIES_*
    std::map<LabelPairs, Metric> metrics;
  };
  struct Reader;

  static void write(json::Writer& json, const Family& family, const Metric& metric);
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace tarsier::promql
