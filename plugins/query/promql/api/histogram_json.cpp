#include "plugins/query/promql/api/histogram_json.hpp"

#include "plugins/query/promql/histogram/bounds.hpp"

namespace tarsier::promql {
namespace {

int rule_of(const BucketRange& range) {
  if (range.lower_inclusive) return range.upper_inclusive ? 3 : 1;
  return range.upper_inclusive ? 0 : 2;
}

}  // namespace

void write_histogram(json::Writer& json, const FloatHistogram& histogram) {
  json.begin_object().key("count").quoted_double(histogram.count).key("sum").quoted_double(histogram.sum);
  bool any = false;
  for (const BucketRange& range : ranges_of(histogram)) {
    if (range.count == 0) continue;
    if (!any) json.key("buckets").begin_array();
    any = true;
    json.begin_array().integer(rule_of(range)).quoted_double(range.lower).quoted_double(range.upper).quoted_double(range.count);
    json.end_array();
  }
  if (any) json.end_array();
  json.end_object();
}

}  // namespace tarsier::promql
