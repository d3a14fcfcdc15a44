// Messages of io.prometheus.client (client_model, metrics.proto), field by field: there is no generated code in a plugin.
#include "plugins/lib/exposition/protobuf_parser.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/exposition/text_writer.hpp"
#include "plugins/lib/protobuf_wire/wire_reader.hpp"

namespace tarsier::exposition {
namespace {

using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;
using Bytes = std::span<const uint8_t>;

constexpr std::array kTypes = {TARSIER_SERIES_COUNTER, TARSIER_SERIES_GAUGE,     TARSIER_SERIES_SUMMARY,
                               TARSIER_SERIES_UNKNOWN, TARSIER_SERIES_HISTOGRAM, TARSIER_SERIES_GAUGE_HISTOGRAM};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kMostSeconds = 9'200'000'000;  // what is left of 64 bits of nanoseconds

/// google.protobuf.Timestamp in milliseconds. False when it is malformed or out of range.
bool read_timestamp(Bytes message, int64_t& ms) {
  int64_t seconds = 0, nanos = 0;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::varint)) seconds = field.int64();
    if (field.is(2, WireType::varint)) nanos = field.int64();
  }
  if (reader.failed() || seconds > kMostSeconds || seconds < -kMostSeconds || nanos < 0 || nanos > 999'999'999) return false;
  ms = seconds * 1000 + nanos / 1'000'000;
  return true;
}

/// LabelPair: name 1, value 2.
bool read_label(Bytes message, LabelText& label) {
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::length)) label.name = field.text();
    if (field.is(2, WireType::length)) label.value = field.text();
  }
  return !reader.failed();
}

bool read_span(Bytes message, std::vector<BucketSpan>& spans) {
  if (spans.size() == kMaxHistogramSpans) return false;
  BucketSpan& span = spans.emplace_back();
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::varint)) span.offset = static_cast<int32_t>(field.sint64());
    if (field.is(2, WireType::varint)) span.length = static_cast<uint32_t>(field.value);
  }
  return !reader.failed();
}

/// Integer buckets come as differences. Unsigned: what overflows is no histogram, but must not be undefined.
struct Deltas {
  uint64_t now = 0;
  bool read(const Field& field, std::vector<double>& buckets) {
    return protobuf::each_varint(field, [&](uint64_t value) {
      now += static_cast<uint64_t>(unzigzag(value));
      if (buckets.size() <= kMaxHistogramBuckets) buckets.push_back(static_cast<double>(static_cast<int64_t>(now)));
    });
  }
};

bool read_counts(const Field& field, std::vector<double>& buckets) {
  return protobuf::each_double(field, [&](double value) {
    if (buckets.size() <= kMaxHistogramBuckets) buckets.push_back(value);
  });
}

}  // namespace

Entry ProtobufParser::next(std::string_view expected_series) {
  if (failed_) return Entry::invalid;
  for (;;) {
    for (; head_ < 3; ++head_) {
      const std::array texts = {raw_help_.empty(), false, unit_.empty()};
      if (texts[head_]) continue;
      constexpr std::array kEntries = {Entry::help, Entry::type, Entry::unit};
      return kEntries[head_++];
    }
    if (next_point_ < points_.size()) return emit(expected_series);
    if (next_metric_ < metrics_.size()) {
      if (!begin_metric()) return fail("a metric is malformed");
    } else if (rest_.empty()) {
      return Entry::end;
    } else if (!begin_family()) {
      return failed_ ? Entry::invalid : fail("a family is malformed");
    }
  }
}

bool ProtobufParser::begin_family() {
  ++families_;
  const uint8_t* at = rest_.data();
  const uint8_t* const end = at + rest_.size();
  uint64_t size = 0;
  if (!read_varint(at, end, size) || size > static_cast<uint64_t>(end - at)) return false;
  WireReader reader({at, static_cast<size_t>(size)});
  rest_ = {at + size, static_cast<size_t>(end - at) - static_cast<size_t>(size)};
  family_ = raw_help_ = unit_ = {};
  type_ = kTypes[0];
  metrics_.clear();
  next_metric_ = 0;
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::length)) family_ = field.text();
    if (field.is(2, WireType::length)) raw_help_ = field.text();
    if (field.is(3, WireType::varint)) type_ = field.value < kTypes.size() ? kTypes[field.value] : TARSIER_SERIES_UNKNOWN;
    if (field.is(4, WireType::length)) metrics_.push_back(field.bytes);
    if (field.is(5, WireType::length)) unit_ = field.text();
  }
  if (reader.failed() || family_.empty() || !is_utf8(family_) || !is_utf8(raw_help_) || !is_utf8(unit_)) return false;
  help_.clear();
  for (const char c : raw_help_) help_.append(c == '\\' ? "\\\\" : c == '\n' ? "\\n" : std::string_view(&c, 1));
  head_ = 0;
  return true;
}

bool ProtobufParser::begin_metric() {
  const Bytes message = metrics_[next_metric_++];
  labels_.clear(), points_.clear(), buckets_.clear(), exemplar_messages_.clear();
  native_.clear();
  next_point_ = 0;
  timestamp_ms_ = start_ms_ = 0;
  if (limits_.line_bytes != 0 && message.size() > limits_.line_bytes) return false;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(6, WireType::varint)) timestamp_ms_ = field.int64();
    if (field.type != WireType::length) continue;
    switch (field.number) {
      case 1:
        ok = read_label(field.bytes, labels_.emplace_back());
        break;
      case 2:
      case 5:
        ok = read_gauge(field.bytes);
        break;
      case 3:
        ok = read_counter(field.bytes);
        break;
      case 4:
        ok = read_summary(field.bytes);
        break;
      case 7:
        ok = read_histogram(field.bytes);
        break;
      default:
        break;
    }
  }
  return ok && !reader.failed();
}

bool ProtobufParser::read_gauge(Bytes message) {
  Point point;
  WireReader reader(message);
  for (Field field; reader.next(field);)
    if (field.is(1, WireType::fixed64)) point.value = field.float64();
  points_.push_back(point);
  return !reader.failed();
}

bool ProtobufParser::read_counter(Bytes message) {
  Point point;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::fixed64)) point.value = field.float64();
    if (field.is(2, WireType::length)) exemplar_messages_.push_back(field.bytes), point.past_exemplar = 1;
    if (field.is(3, WireType::length)) ok = read_timestamp(field.bytes, start_ms_);
  }
  points_.push_back(point);
  return ok && exemplar_messages_.size() <= 1 && !reader.failed();
}

bool ProtobufParser::read_summary(Bytes message) {
  Point count = {.suffix = "_count"}, sum = {.suffix = "_sum"};
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::varint)) count.value = static_cast<double>(field.value);
    if (field.is(2, WireType::fixed64)) sum.value = field.float64();
    if (field.is(3, WireType::length)) ok = read_quantile(field.bytes);
    if (field.is(4, WireType::length)) ok = read_timestamp(field.bytes, start_ms_);
  }
  points_.push_back(count);
  points_.push_back(sum);
  return ok && !reader.failed();
}

bool ProtobufParser::read_quantile(Bytes message) {
  Point point = {.suffix = "", .bound = "quantile"};
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::fixed64)) point.bound_value = field.float64();
    if (field.is(2, WireType::fixed64)) point.value = field.float64();
  }
  points_.push_back(point);
  return !reader.failed();
}

bool ProtobufParser::read_bucket(Bytes message) {
  Point point = {.suffix = "_bucket", .bound = "le"};
  point.first_exemplar = point.past_exemplar = static_cast<uint32_t>(exemplar_messages_.size());
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::varint)) point.value = static_cast<double>(field.value);
    if (field.is(2, WireType::fixed64)) point.bound_value = field.float64();
    if (field.is(3, WireType::length)) exemplar_messages_.push_back(field.bytes), ++point.past_exemplar;
    if (field.is(4, WireType::fixed64)) point.value = field.float64();
  }
  buckets_.push_back(point);
  return !reader.failed();
}

bool ProtobufParser::read_histogram(Bytes message) {
  std::vector<Bytes> own_exemplars;
  Deltas positive, negative;
  bool ok = true;
  double float_count = 0, float_zero = 0;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::varint)) native_.count = static_cast<double>(field.value);
    if (field.is(2, WireType::fixed64)) native_.sum = field.float64();
    if (field.is(3, WireType::length)) ok = read_bucket(field.bytes);
    if (field.is(4, WireType::fixed64)) float_count = field.float64();
    if (field.is(5, WireType::varint)) native_.schema = static_cast<int32_t>(field.sint64());
    if (field.is(6, WireType::fixed64)) native_.zero_threshold = field.float64();
    if (field.is(7, WireType::varint)) native_.zero_count = static_cast<double>(field.value);
    if (field.is(8, WireType::fixed64)) float_zero = field.float64();
    if (field.is(9, WireType::length)) ok = read_span(field.bytes, native_.negative_spans);
    if (field.number == 10) ok = negative.read(field, native_.negative_buckets);
    if (field.number == 11) ok = read_counts(field, native_.negative_buckets);
    if (field.is(12, WireType::length)) ok = read_span(field.bytes, native_.positive_spans);
    if (field.number == 13) ok = positive.read(field, native_.positive_buckets);
    if (field.number == 14) ok = read_counts(field, native_.positive_buckets);
    if (field.is(15, WireType::length)) ok = read_timestamp(field.bytes, start_ms_);
    if (field.is(16, WireType::length)) own_exemplars.push_back(field.bytes);
  }
  const size_t most = std::max(native_.positive_buckets.size(), native_.negative_buckets.size());
  if (!ok || reader.failed() || most > kMaxHistogramBuckets) return false;
  native_.is_float = float_count > 0 || float_zero > 0;
  if (native_.is_float) native_.count = float_count, native_.zero_count = float_zero;
  if (type_ == TARSIER_SERIES_GAUGE_HISTOGRAM) native_.counter_reset = CounterReset::gauge;
  add_histogram_points();
  // Without exemplars of its own a native histogram has those of the classic buckets.
  if (!points_.empty() && points_.front().native) {
    Point& point = points_.front();
    point.first_exemplar = own_exemplars.empty() ? 0 : static_cast<uint32_t>(exemplar_messages_.size());
    exemplar_messages_.insert(exemplar_messages_.end(), own_exemplars.begin(), own_exemplars.end());
    point.past_exemplar = static_cast<uint32_t>(exemplar_messages_.size());
  }
  return true;
}

void ProtobufParser::add_histogram_points() {
  const bool is_native =
      !native_.positive_spans.empty() || !native_.negative_spans.empty() || native_.zero_threshold > 0 || native_.zero_count > 0;
  const bool native = is_native && forms_ != HistogramForms::classic;
  if (native) points_.push_back({.value = native_.sum, .native = true});
  // One without buckets is not wanted twice, but where its native form is not taken it is as in the text format.
  if (native && (forms_ != HistogramForms::both || buckets_.empty())) return;
  points_.push_back({.suffix = "_count", .value = native_.count});
  points_.push_back({.suffix = "_sum", .value = native_.sum});
  points_.insert(points_.end(), buckets_.begin(), buckets_.end());
  if (buckets_.empty() || buckets_.back().bound_value != kInfinity)
    points_.push_back({.suffix = "_bucket", .bound = "le", .bound_value = kInfinity, .value = native_.count});
}

/// Exemplar: label 1, value 2, timestamp 3.
bool ProtobufParser::read_exemplar(Bytes message, Exemplar& exemplar) const {
  exemplar.labels.clear();
  exemplar.value = 0;
  exemplar.has_timestamp = false;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::length)) {
      LabelText& label = exemplar.labels.emplace_back();
      ok = read_label(field.bytes, label) && !label.name.empty() && is_utf8(label.name) && is_utf8(label.value);
    }
    if (field.is(2, WireType::fixed64)) exemplar.value = field.float64();
    if (field.is(3, WireType::length)) {
      exemplar.has_timestamp = true;
      ok = read_timestamp(field.bytes, exemplar.timestamp_ms);
    }
  }
  return ok && !reader.failed();
}

/// Of the point. Native histograms' must have times, since they may be told again with each page.
bool ProtobufParser::read_exemplars() {
  exemplar_count_ = 0;
  for (uint32_t i = point_->first_exemplar; i < point_->past_exemplar; ++i) {
    if (exemplar_count_ == exemplars_.size()) exemplars_.emplace_back();
    Exemplar& exemplar = exemplars_[exemplar_count_];
    if (!read_exemplar(exemplar_messages_[i], exemplar)) return false;
    exemplar_count_ += exemplar.has_timestamp || !point_->native ? 1 : 0;
  }
  return true;
}

void ProtobufParser::write_series() {
  name_.assign(family_).append(point_->suffix);
  bound_.clear();
  const size_t own = labels_.size();
  if (!point_->bound.empty()) {
    append_open_metrics_number(bound_, point_->bound_value);
    labels_.push_back({point_->bound, bound_});
  }
  series_.clear();
  TextWriter::series(series_, name_, labels_);
  labels_.resize(own);
}

Entry ProtobufParser::emit(std::string_view expected) {
  point_ = &points_[next_point_++];
  write_series();
  matched_ = !expected.empty() && series_ == expected;
  if (!read_exemplars()) return fail("an exemplar of " + quote(series_) + " is malformed");
  if (limits_.samples != 0 && samples_ == limits_.samples)
    return fail_limit("more than " + std::to_string(limits_.samples) + " samples");
  ++samples_;
  return Entry::sample;
}

Entry ProtobufParser::fail(std::string what) {
  failed_ = true;
  error_ = Error::invalid("family " + std::to_string(families_) + (family_.empty() ? "" : " (" + quote(family_) + ")") + ": " +
                          std::move(what));
  return Entry::invalid;
}

Entry ProtobufParser::fail_limit(std::string what) {
  (void)fail(std::move(what));
  error_ = Error(TARSIER_RESOURCE, error_.message());
  return Entry::invalid;
}

}  // namespace tarsier::exposition
