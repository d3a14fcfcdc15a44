#include "plugins/collect/otlp_receiver/translator.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "plugins/collect/otlp_receiver/native_histogram.hpp"
#include "plugins/lib/promql/text.hpp"
#include "tarsier/flat_set.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::otlp {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;

constexpr size_t kMaxReasons = 1024;        // bytes
constexpr size_t kMaxExemplarText = 128;    // characters, as OpenMetrics has it
constexpr uint64_t kMaxTargetInfos = 1000;  // of one resource, however far its points are apart
constexpr uint64_t kNsPerMs = 1'000'000;
const double kStale = std::bit_cast<double>(uint64_t{TARSIER_STALE_NAN_BITS});

Error malformed(std::string_view what) { return Error::invalid("malformed protobuf in " + std::string(what)); }

/// Prometheus' times are whole milliseconds.
int64_t whole_ms(uint64_t time_ns) { return static_cast<int64_t>(time_ns / kNsPerMs * kNsPerMs); }

std::string hex(Bytes id) {
  std::string out;
  for (const uint8_t byte : id) {
    out.push_back("0123456789abcdef"[byte >> 4U]);
    out.push_back("0123456789abcdef"[byte & 15U]);
  }
  return out;
}

bool is_set(Bytes id) {
  return std::any_of(id.begin(), id.end(), [](uint8_t byte) { return byte != 0; });
}

uint32_t type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return TARSIER_SERIES_COUNTER;
    case MetricKind::histogram:
    case MetricKind::exponential_histogram:
      return TARSIER_SERIES_HISTOGRAM;
    case MetricKind::summary:
      return TARSIER_SERIES_SUMMARY;
    default:
      return TARSIER_SERIES_GAUGE;
  }
}

bool read_scope(Bytes message, Scope& scope) {
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::length)) scope.name = field.text();
    if (field.is(2, WireType::length)) scope.version = field.text();
    if (field.is(3, WireType::length)) ok = read_attribute(field.bytes, scope.attributes);
  }
  return ok && !reader.failed() && is_utf8(scope.name) && is_utf8(scope.version);
}

}  // namespace

void Refusals::add(uint64_t count, std::string_view metric, std::string_view why) {
  points += count;
  if (reasons.size() > kMaxReasons) return;
  reasons.append(reasons.empty() ? "" : "; ").append("metric \"").append(metric.substr(0, 200)).append("\": ").append(why);
}

Result<void> Translator::read(Bytes request) {
  WireReader reader(request);
  for (Field field; reader.next(field);) {
    if (!field.is(1, WireType::length)) continue;
    if (auto read = resource(field.bytes); !read) return read;
  }
  if (reader.failed()) return malformed("the message of " + std::to_string(request.size()) + " bytes");
  return {};
}

Result<void> Translator::resource(Bytes message) {
  std::vector<Attribute> attributes;
  std::vector<Bytes> scopes;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(2, WireType::length)) scopes.push_back(field.bytes);
    if (!field.is(1, WireType::length)) continue;
    WireReader parts(field.bytes);
    for (Field part; ok && parts.next(part);)
      if (part.is(1, WireType::length)) ok = read_attribute(part.bytes, attributes);
    ok = ok && !parts.failed();
  }
  if (!ok || reader.failed()) return malformed("a resource");
  auto labels = ResourceLabels::of(attributes, settings_);
  if (!labels) return refusals_.add(1, "*", labels.error().message()), Result<void>{};
  Span span;
  for (const Bytes one : scopes)
    if (auto read = scope(one, *labels, span); !read) return read;
  if (span.first > span.last) return {};
  auto target = labels->target_info();
  if (!target) return refusals_.add(1, "target_info", target.error().message()), Result<void>{};
  if (!target->empty()) write_target_info(*target, span);
  return {};
}

Result<void> Translator::scope(Bytes message, ResourceLabels& labels, Span& span) {
  Scope scope;
  std::vector<Bytes> metrics;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::length)) ok = read_scope(field.bytes, scope);
    if (field.is(2, WireType::length)) metrics.push_back(field.bytes);
    if (field.is(3, WireType::length)) ok = is_utf8(scope.schema_url = field.text());
  }
  if (!ok || reader.failed()) return malformed("the scope " + std::string(scope.name));
  if (auto entered = labels.enter(scope); !entered)
    return refusals_.add(metrics.size(), "*", entered.error().message()), Result<void>{};
  for (const Bytes one : metrics)
    if (auto read = metric(one, labels, span); !read) return read;
  return {};
}

bool Translator::read_data(Bytes message, uint32_t number, Metric& out) const {
  switch (number) {
    case 5:
      out.kind = MetricKind::gauge;
      break;
    case 7:
      out.kind = MetricKind::up_down_counter;
      break;
    case 9:
      out.kind = MetricKind::histogram;
      break;
    case 10:
      out.kind = MetricKind::exponential_histogram;
      break;
    default:
      out.kind = MetricKind::summary;
  }
  constexpr uint64_t kCumulative = 2;
  out.known_kind = true;
  uint64_t temporality = 0;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::length)) out.points.push_back(field.bytes);
    if (field.is(2, WireType::varint)) temporality = field.value;
    if (field.is(3, WireType::varint) && number == 7 && field.value != 0) out.kind = MetricKind::counter;
  }
  out.cumulative = number == 5 || number == 11 || temporality == kCumulative;
  return !reader.failed();
}

bool Translator::read_metric(Bytes message, Metric& out) const {
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.type != WireType::length) continue;
    if (field.number == 1) out.name = field.text();
    if (field.number == 2) out.help = field.text();
    if (field.number == 3) out.unit = field.text();
    const bool data = field.number == 5 || field.number == 7 || (field.number >= 9 && field.number <= 11);
    if (data) ok = read_data(field.bytes, field.number, out);
  }
  return ok && !reader.failed() && is_utf8(out.name) && is_utf8(out.help) && is_utf8(out.unit);
}

Result<void> Translator::metric(Bytes message, const ResourceLabels& labels, Span& span) {
  Metric metric;
  if (!read_metric(message, metric)) return malformed("the metric " + std::string(metric.name));
  if (!metric.known_kind) return refusals_.add(1, metric.name, "unsupported metric type"), Result<void>{};
  std::vector<Point> points(metric.points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    if (!read_point(metric.points[i], metric.kind, points[i]))
      return malformed("a point of the metric " + std::string(metric.name));
    if (points[i].time_ns > INT64_MAX) continue;
    span.first = std::min(span.first, points[i].time_ns);
    span.last = std::max(span.last, points[i].time_ns);
  }
  if (points.empty()) return {};
  const auto refuse = [&](std::string_view why) { return refusals_.add(points.size(), metric.name, why), Result<void>{}; };
  if (!metric.cumulative) return refuse("invalid temporality and type combination");
  const auto name = metric_name(metric.name, metric.unit, metric.kind, settings_.naming);
  if (!name) return refuse(name.error().message());
  metadata(*name, type_of(metric.kind), metric.help, unit_name(metric.unit));
  for (const Point& point : points)
    if (auto written = write(metric, *name, point, labels); !written) refusals_.add(1, metric.name, written.error().message());
  return {};
}

void Translator::metadata(const std::string& name, uint32_t type, std::string_view help, const std::string& unit) {
  const batch::Label label[] = {{"__name__", name}};
  builder_.series(label);
  builder_.metadata(type, help, unit);
}

Result<void> Translator::write(const Metric& metric, const std::string& name, const Point& point, const ResourceLabels& resource) {
  if (point.time_ns > INT64_MAX) return Error::invalid("a time after 2262");
  auto labels = resource.series(point.attributes);
  if (!labels) return std::move(labels).error();
  if (metric.kind == MetricKind::summary) return write_summary(name, point, *labels), Result<void>{};
  if (metric.kind == MetricKind::histogram && !settings_.custom_buckets)
    return write_histogram(name, point, *labels), Result<void>{};
  if (metric.kind != MetricKind::histogram && metric.kind != MetricKind::exponential_histogram) {
    begin_series(name, *labels);
    sample(point, point.value);
  } else {
    const auto histogram = metric.kind == MetricKind::histogram ? custom_to_native(point) : exponential_to_native(point);
    if (!histogram) return histogram.error();
    begin_series(name, *labels);
    encoded_.clear();
    encode_histogram(*histogram, encoded_);
    builder_.histogram(whole_ms(point.time_ns), histogram->sum, point.start_ns <= point.time_ns ? whole_ms(point.start_ns) : 0,
                       encoded_);
  }
  if (metric.kind != MetricKind::gauge)
    for (const Exemplar& exemplar : point.exemplars) write_exemplar(exemplar, point);
  return {};
}

void Translator::write_histogram(const std::string& name, const Point& point, LabelMap& labels) {
  if (point.sum) {
    begin_series(name + "_sum", labels);
    sample(point, *point.sum);
  }
  begin_series(name + "_count", labels);
  sample(point, static_cast<double>(point.count));
  uint64_t below = 0;
  double floor = -std::numeric_limits<double>::infinity();
  const size_t bounded = std::min(point.bounds.size(), point.bucket_counts.size());
  for (size_t i = 0; i <= bounded; ++i) {
    const double bound = i < bounded ? point.bounds[i] : std::numeric_limits<double>::infinity();
    below = i < bounded ? below + point.bucket_counts[i] : point.count;
    labels["le"] = promql::write_number(bound);
    begin_series(name + "_bucket", labels);
    sample(point, static_cast<double>(below));
    for (const Exemplar& exemplar : point.exemplars)
      if (exemplar.value > floor && exemplar.value <= bound) write_exemplar(exemplar, point);
    floor = bound;
  }
}

void Translator::write_summary(const std::string& name, const Point& point, LabelMap& labels) {
  begin_series(name + "_sum", labels);
  sample(point, point.sum.value_or(0));
  begin_series(name + "_count", labels);
  sample(point, static_cast<double>(point.count));
  for (const auto& [quantile, value] : point.quantiles) {
    labels["quantile"] = promql::write_number(quantile);
    begin_series(name, labels);
    sample(point, value);
  }
}

/// From the first point to the last, so often that a lookback finds one at all times between them.
void Translator::write_target_info(const LabelMap& labels, Span span) {
  metadata("target_info", TARSIER_SERIES_GAUGE, "Target metadata", "");
  const auto gap = static_cast<uint64_t>(settings_.target_info_gap_ns);
  const uint64_t longest = gap * kMaxTargetInfos;
  uint64_t at = span.last - std::min(span.last - span.first, longest);
  std::vector<int64_t> times;
  for (; at < span.last; at += gap) times.push_back(whole_ms(at));
  times.push_back(whole_ms(span.last));
  for (const int64_t time : times) {
    if (!told_targets_.emplace(labels, time).second) continue;
    begin_series("target_info", labels);
    builder_.sample(time, 1);
  }
}

void Translator::begin_series(const std::string& name, const LabelMap& labels) {
  pairs_.clear();
  pairs_.emplace_back("__name__", name);
  for (const auto& [label, value] : labels)
    if (!value.empty() && label != "__name__") pairs_.emplace_back(label, value);
  builder_.series(pairs_);
}

void Translator::sample(const Point& point, double value) {
  const double stored = point.no_value ? kStale : value;
  if (point.start_ns == 0 || point.start_ns > point.time_ns) return builder_.sample(whole_ms(point.time_ns), stored);
  builder_.sample(whole_ms(point.time_ns), stored, whole_ms(point.start_ns));
}

void Translator::write_exemplar(const Exemplar& exemplar, const Point& point) {
  LabelMap labels;
  if (is_set(exemplar.trace_id)) labels["trace_id"] = hex(exemplar.trace_id);
  if (is_set(exemplar.span_id)) labels["span_id"] = hex(exemplar.span_id);
  size_t length = 0;
  for (const auto& [name, value] : labels) length += name.size() + value.size();
  for (const Attribute& attribute : exemplar.attributes) length += attribute.key.size() + attribute.value.size();
  if (length <= kMaxExemplarText)
    for (const Attribute& attribute : exemplar.attributes) labels.emplace(attribute.key, attribute.value);
  encoded_.clear();
  for (const auto& [name, value] : labels)
    if (!name.empty() && !value.empty()) append_flat_label(encoded_, name, value);
  const uint64_t time = exemplar.time_ns == 0 || exemplar.time_ns > INT64_MAX ? point.time_ns : exemplar.time_ns;
  builder_.exemplar(whole_ms(time), exemplar.value, encoded_);
}

}  // namespace tarsier::otlp
