#include "plugins/query/promql/api/federate_protobuf.hpp"

#include <algorithm>
#include <cstdint>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/classic_buckets.hpp"
#include "tarsier/varint.hpp"

namespace tarsier::promql {
namespace {

using protobuf::WireWriter;

constexpr size_t kPieceBytes = size_t{256} << 10U;
enum MetricType : uint64_t { kUntyped = 3, kHistogram = 4, kGaugeHistogram = 5 };

void write_spans(WireWriter& out, uint32_t number, const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& span : spans) {
    WireWriter message;
    message.sint(1, span.offset).varint(2, span.length);
    out.message(number, message);
  }
}

void write_counts(WireWriter& out, uint32_t number, const std::vector<double>& counts) {
  for (const double count : counts) out.float64(number, count);  // not packed: the format is of proto2
}

void write_classic_buckets(WireWriter& out, const NativeHistogram& histogram) {
  const std::vector<double> counts = classic_counts(histogram);
  for (size_t i = 0; i < counts.size(); ++i) {
    WireWriter bucket;
    bucket.float64(2, histogram.custom_bounds[i]).float64(4, counts[i]);
    out.message(3, bucket);
  }
}

WireWriter histogram_message(const NativeHistogram& histogram) {
  WireWriter out;
  out.float64(2, histogram.sum);
  if (histogram.schema == NativeHistogram::kCustomBuckets) {
    write_classic_buckets(out, histogram);
    out.float64(4, histogram.count);
    return out;
  }
  out.float64(4, histogram.count).sint(5, histogram.schema).float64(6, histogram.zero_threshold).float64(8, histogram.zero_count);
  write_spans(out, 9, histogram.negative_spans);
  write_counts(out, 11, histogram.negative_buckets);
  write_spans(out, 12, histogram.positive_spans);
  write_counts(out, 14, histogram.positive_buckets);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The part of `rest` before `end`, which is taken away with it.
std::string_view take_until(std::string_view& rest, char end) {
  const size_t at = std::min(rest.find(end), rest.size());
  const std::string_view part = trim(rest.substr(0, at));
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

struct Entry {
  bool text = false, protobuf = false, utf8 = false;
  double weight = 1;
};

Entry read_entry(std::string_view rest) {
  Entry entry;
  const std::string_view type = take_until(rest, ';');
  bool family = false, delimited = false;
  std::string_view version;
  while (!rest.empty()) {
    std::string_view parameter = take_until(rest, ';');
    const std::string_view name = take_until(parameter, '=');
    const std::string_view value = trim(parameter);
    if (name == "q") entry.weight = read_float(value).value_or(0);
    if (name == "proto") family = value == "io.prometheus.client.MetricFamily";
    if (name == "encoding") delimited = value == "delimited";
    if (name == "version") version = value;
    if (name == "escaping") entry.utf8 = value == "allow-utf-8";
  }
  entry.protobuf = type == "application/vnd.google.protobuf" && family && delimited;
  entry.text = type == "text/plain" && (version.empty() || version == "0.0.4" || version == "1.0.0");
  return entry;
}

}  // namespace

FederateFormat read_accept(std::string_view accept) {
  Entry best;
  best.weight = 0;
  while (!accept.empty()) {
    const Entry entry = read_entry(take_until(accept, ','));
    if ((entry.protobuf || entry.text) && entry.weight > best.weight) best = entry;  // of equals the first
  }
  return {best.protobuf, best.protobuf && best.utf8};
}

void ProtobufPage::add(const Labels& labels, int64_t time_ms, double value, const NativeHistogram* histogram) {
  const std::string_view metric = labels.get("__name__");
  std::string name = utf8_ ? std::string(metric) : plain_name(metric, true);
  const bool gauge = histogram != nullptr && histogram->counter_reset == CounterReset::gauge;
  const uint64_t type = histogram == nullptr ? kUntyped : gauge ? kGaugeHistogram : kHistogram;
  if (name != name_ || type != type_) {
    end_family();
    name_ = std::move(name);
    type_ = type;
  }
  WireWriter message;
  const auto add_label = [&](std::string_view label, std::string_view text) {
    WireWriter pair;
    pair.text(1, utf8_ ? std::string(label) : plain_name(label, false)).text(2, text);
    message.message(1, pair);
  };
  bool has_instance = false;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels.name(i) == "__name__") continue;
    has_instance = has_instance || labels.name(i) == "instance";
    add_label(labels.name(i), labels.value(i));
  }
  if (!has_instance) add_label("instance", "");  // so that who scrapes this does not put its own there
  if (histogram == nullptr) {
    WireWriter untyped;
    untyped.float64(1, value);
    message.message(5, untyped);
  }
  message.varint(6, static_cast<uint64_t>(time_ms));
  if (histogram != nullptr) message.message(7, histogram_message(*histogram));
  metrics_.message(4, message);
}

void ProtobufPage::end_family() {
  if (metrics_.text().empty()) return;
  WireWriter family;
  family.text(1, name_).varint(3, type_);
  std::vector<uint8_t> length;
  append_varint(length, family.text().size() + metrics_.text().size());
  text_.append(length.begin(), length.end());
  text_.append(family.text()).append(metrics_.text());
  metrics_ = {};
  if (text_.size() < kPieceBytes) return;
  pieces_.push_back(std::move(text_));
  text_.clear();
}

std::vector<std::string> ProtobufPage::finish() {
  end_family();
  pieces_.push_back(std::move(text_));
  return std::move(pieces_);
}

std::string_view ProtobufPage::content_type() const noexcept {
  return utf8_
             ? "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8"
             : "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores";
}

}  // namespace tarsier::promql
