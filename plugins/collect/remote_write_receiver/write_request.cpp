// Series by series. Labels are not looked at: their bytes go on as a flat set.
#include "plugins/collect/remote_write_receiver/write_request.hpp"

#include "tarsier/flat_set.hpp"

namespace tarsier::remote_write {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;

Error malformed(std::string_view what) { return Error::invalid("malformed protobuf in " + std::string(what)); }

bool read_sample(Bytes message, SeriesRows& rows) {
  double value = 0;
  int64_t time_ms = 0;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::fixed64)) value = field.float64();
    if (field.is(2, WireType::varint)) time_ms = field.int64();
  }
  rows.sample(time_ms, value, 0);
  return !reader.failed();
}

bool read_exemplar(Bytes message, SeriesRows& rows) {
  double value = 0;
  int64_t time_ms = 0;
  WireReader reader(message);
  const uint8_t* begin = reader.position();
  for (Field field; reader.next(field); begin = reader.position()) {
    if (field.is(1, WireType::length)) rows.exemplar_labels().insert(rows.exemplar_labels().end(), begin, reader.position());
    if (field.is(2, WireType::fixed64)) value = field.float64();
    if (field.is(3, WireType::varint)) time_ms = field.int64();
  }
  rows.exemplar(time_ms, value);
  return !reader.failed();
}

Result<void> read_series(Bytes message, Workspace& workspace, Tally& tally) {
  SeriesRows& rows = workspace.rows;
  rows.clear();
  workspace.labels.clear();
  bool ok = true;
  WireReader reader(message);
  const uint8_t* begin = reader.position();
  for (Field field; ok && reader.next(field); begin = reader.position()) {
    if (field.type != WireType::length) continue;
    if (field.number == 1) workspace.labels.insert(workspace.labels.end(), begin, reader.position());
    if (field.number == 2) ok = read_sample(field.bytes, rows);
    if (field.number == 3) ok = read_exemplar(field.bytes, rows);
    if (field.number != 4) continue;
    ok = read_histogram(field.bytes, workspace.histogram);
    if (ok) rows.histogram(workspace.histogram);
  }
  if (!ok || reader.failed()) return malformed("the series " + series_text(workspace.labels));
  if (rows.refused() > 0) tally.refuse(rows.refused(), rows.reason(), series_text(workspace.labels));
  if (rows.empty()) return {};
  if (auto decoded = decode_flat_set(workspace.labels, workspace.pairs); !decoded || workspace.pairs.empty()) {
    tally.refuse(rows.size() - rows.refused(), decoded ? "a series without labels" : decoded.error().message(), "{}");
    return {};
  }
  workspace.builder.series(workspace.pairs);
  rows.emit(workspace.builder, 0, tally);
  return {};
}

/// A metric's type, help and unit: a series of its name without rows.
Result<void> read_metadata(Bytes message, Workspace& workspace, Tally& tally) {
  uint64_t type = 0;
  std::string_view name, help, unit;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::varint)) type = field.value;
    if (field.is(2, WireType::length)) name = field.text();
    if (field.is(4, WireType::length)) help = field.text();
    if (field.is(5, WireType::length)) unit = field.text();
  }
  if (reader.failed()) return malformed("the metadata of " + std::string(name));
  if (name.empty()) return {};
  if (!is_utf8(name) || !is_utf8(help) || !is_utf8(unit)) {
    tally.refuse(1, "metadata that is not UTF-8", "{}");
    return {};
  }
  const batch::Label label[] = {{"__name__", name}};
  workspace.builder.series(label);
  workspace.builder.metadata(series_type(type), help, unit);
  return {};
}

}  // namespace

uint32_t series_type(uint64_t metric_type) noexcept {
  constexpr uint32_t kTypes[] = {TARSIER_SERIES_UNKNOWN,   TARSIER_SERIES_COUNTER,         TARSIER_SERIES_GAUGE,
                                 TARSIER_SERIES_HISTOGRAM, TARSIER_SERIES_GAUGE_HISTOGRAM, TARSIER_SERIES_SUMMARY,
                                 TARSIER_SERIES_INFO,      TARSIER_SERIES_STATESET};
  return metric_type < std::size(kTypes) ? kTypes[metric_type] : uint32_t{TARSIER_SERIES_UNKNOWN};
}

std::string series_text(std::span<const uint8_t> set) {
  std::vector<batch::Label> labels;
  if (!decode_flat_set(set, labels)) return "with labels that cannot be read";
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ", ";
    text.append(name).append("=\"").append(value).append("\"");
  }
  return text + "}";
}

Result<void> read_write_request(Bytes message, Workspace& workspace, Tally& tally) {
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    Result<void> read;
    if (field.is(1, WireType::length)) read = read_series(field.bytes, workspace, tally);
    if (field.is(3, WireType::length)) read = read_metadata(field.bytes, workspace, tally);
    if (!read) return read;
  }
  if (reader.failed()) return malformed("the message of " + std::to_string(message.size()) + " bytes");
  return {};
}

}  // namespace tarsier::remote_write
