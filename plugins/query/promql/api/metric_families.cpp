#include "plugins/query/promql/api/metric_families.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "plugins/lib/exposition/text_parser.hpp"
#include "plugins/lib/promql/number.hpp"
#include "tarsier/abi/batch.h"

namespace tarsier::promql {
namespace {

struct Kind {
  const char* type;  // of the family
  const char* body;  // the field of a metric
};

Kind kind_of(uint32_t type) {
  switch (type) {
    case TARSIER_SERIES_COUNTER:
      return {"COUNTER", "counter"};
    case TARSIER_SERIES_GAUGE:
      return {"GAUGE", "gauge"};
    case TARSIER_SERIES_HISTOGRAM:
      return {"HISTOGRAM", "histogram"};
    case TARSIER_SERIES_SUMMARY:
      return {"SUMMARY", "summary"};
    default:
      return {"UNTYPED", "untyped"};
  }
}

void write_double(json::Writer& json, const char* key, double value) {
  json.key(key);
  if (std::isfinite(value)) {
    json.number(value);
  } else {
    json.string(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
}

/// Whole numbers of 64 bits are texts in protobuf's JSON.
void write_count(json::Writer& json, const char* key, uint64_t value) { json.key(key).string(std::to_string(value)); }

bool cut_end(std::string_view& name, std::string_view end) {
  if (name.size() <= end.size() || name.substr(name.size() - end.size()) != end) return false;
  name.remove_suffix(end.size());
  return true;
}

}  // namespace

struct MetricFamilies::Reader {
  enum class Role : uint8_t { kValue, kPoint, kSum, kCount };

  std::map<std::string, Family, std::less<>>& families;

  void on_help(std::string_view family, std::string_view help) {
    families[std::string(family)].help = exposition::unescape_help(help);
  }
  void on_type(std::string_view family, uint32_t type) { families[std::string(family)].type = type; }

  void on_sample(const exposition::SeriesText& series, double value, bool, int64_t) {
    LabelPairs labels;
    std::optional<double> point;
    for (const auto& label : series.labels()) {
      const bool places = label.name == "le" || label.name == "quantile";
      if (places) point = read_float(label.value);
      if (!places || !point) labels.emplace_back(label.name, label.value);
    }
    std::sort(labels.begin(), labels.end());
    for (const auto& [end, role] :
         {std::pair("_bucket", Role::kPoint), std::pair("_sum", Role::kSum), std::pair("_count", Role::kCount)}) {
      std::string_view name = series.name();
      if (!cut_end(name, end)) continue;
      const auto found = families.find(name);
      if (found == families.end() || !has_parts(found->second)) continue;
      return add(found->second.metrics[std::move(labels)], role, point, value);
    }
    Family& family = families[std::string(series.name())];
    add(family.metrics[std::move(labels)], has_parts(family) ? Role::kPoint : Role::kValue, point, value);
  }

 private:
  static bool has_parts(const Family& family) {
    return family.type == TARSIER_SERIES_HISTOGRAM || family.type == TARSIER_SERIES_SUMMARY;
  }
  static void add(Metric& metric, Role role, const std::optional<double>& point, double value) {
    if (role == Role::kValue) metric.value = value;
    if (role == Role::kSum) metric.sum = value;
    if (role == Role::kCount) metric.count = static_cast<uint64_t>(value);
    // The last bucket holds what the count says, and is left out.
    if (role == Role::kPoint && point && !std::isinf(*point)) metric.points.emplace_back(*point, value);
  }
};

Result<MetricFamilies> MetricFamilies::of(std::string_view page) {
  MetricFamilies made;
  if (auto read = exposition::parse_text(page, {}, Reader{made.families_}); !read) return std::move(read).error();
  return made;
}

void MetricFamilies::write(json::Writer& json, const Family& family, const Metric& metric) {
  json.key(kind_of(family.type).body).begin_object();
  switch (family.type) {
    case TARSIER_SERIES_HISTOGRAM:
    case TARSIER_SERIES_SUMMARY: {
      const bool histogram = family.type == TARSIER_SERIES_HISTOGRAM;
      write_count(json, "sampleCount", metric.count);
      write_double(json, "sampleSum", metric.sum);
      if (metric.points.empty()) break;
      json.key(histogram ? "bucket" : "quantile").begin_array();
      for (const auto& [place, value] : metric.points) {
        json.begin_object();
        if (histogram) {
          write_count(json, "cumulativeCount", static_cast<uint64_t>(value));
          write_double(json, "upperBound", place);
        } else {
          write_double(json, "quantile", place);
          write_double(json, "value", value);
        }
        json.end_object();
      }
      json.end_array();
      break;
    }
    default:
      write_double(json, "value", metric.value);
  }
  json.end_object();
}

void MetricFamilies::write(json::Writer& json, const std::function<bool(std::string_view)>& is_wanted) const {
  json.begin_array();
  for (const auto& [name, family] : families_) {
    if (family.metrics.empty() || !is_wanted(name)) continue;
    json.begin_object().key("name").string(name);
    if (!family.help.empty()) json.key("help").string(family.help);
    json.key("type").string(kind_of(family.type).type).key("metric").begin_array();
    for (const auto& [labels, metric] : family.metrics) {
      json.begin_object();
      if (!labels.empty()) {
        json.key("label").begin_array();
        for (const auto& [label, value] : labels)
          json.begin_object().key("name").string(label).key("value").string(value).end_object();
        json.end_array();
      }
      write(json, family, metric);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace tarsier::promql
