// Symbols first, wherever they stand; then series by series, their labels checked here.
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"

#include <algorithm>

#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::remote_write {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;

Error malformed(std::string_view what) { return Error::invalid("malformed protobuf in " + std::string(what)); }

struct Metadata {
  uint32_t type = TARSIER_SERIES_UNKNOWN;
  std::string_view help, unit;
};

/// One series of the request.
class SeriesReader {
 public:
  SeriesReader(Workspace& workspace, Tally& tally) : workspace_(workspace), tally_(tally) {}

  Result<void> read(Bytes message) {
    workspace_.rows.clear();
    workspace_.refs.clear();
    bool ok = true;
    WireReader reader(message);
    for (Field field; ok && reader.next(field);) ok = take(field);
    if (!ok || reader.failed()) return malformed("a series, its numbers of symbols, or a symbol that is not there");
    finish();
    return {};
  }

 private:
  bool take(const Field& field) {
    switch (field.number) {
      case 1:
        return take_refs(field, workspace_.refs);
      case 2:
        return field.type == WireType::length && read_sample(field.bytes);
      case 3:
        if (field.type != WireType::length || !read_histogram(field.bytes, workspace_.histogram)) return false;
        workspace_.rows.histogram(workspace_.histogram);
        return true;
      case 4:
        return field.type == WireType::length && read_exemplar(field.bytes);
      case 5:
        return field.type == WireType::length && read_metadata(field.bytes);
      case 6:
        created_ms_ = field.int64();
        return field.type == WireType::varint;
      default:
        return true;
    }
  }

  /// False when it is no list of numbers, or a symbol is not there.
  bool take_refs(const Field& field, std::vector<uint32_t>& refs) {
    bool known = true;
    const bool read = protobuf::each_varint(field, [&](uint64_t ref) {
      known = known && ref < workspace_.symbols.size();
      refs.push_back(static_cast<uint32_t>(ref));
    });
    return read && known;
  }

  bool read_sample(Bytes message) {
    double value = 0;
    int64_t time_ms = 0;
    int64_t start_ms = 0;
    WireReader reader(message);
    for (Field field; reader.next(field);) {
      if (field.is(1, WireType::fixed64)) value = field.float64();
      if (field.is(2, WireType::varint)) time_ms = field.int64();
      if (field.is(3, WireType::varint)) start_ms = field.int64();
    }
    workspace_.rows.sample(time_ms, value, start_ms);
    return !reader.failed();
  }

  bool read_exemplar(Bytes message) {
    auto& refs = workspace_.exemplar_refs;
    refs.clear();
    double value = 0;
    int64_t time_ms = 0;
    bool ok = true;
    WireReader reader(message);
    for (Field field; ok && reader.next(field);) {
      if (field.number == 1) ok = take_refs(field, refs);
      if (field.is(2, WireType::fixed64)) value = field.float64();
      if (field.is(3, WireType::varint)) time_ms = field.int64();
    }
    if (!ok || reader.failed() || refs.size() % 2 != 0) return false;
    for (size_t i = 0; i < refs.size(); i += 2)
      append_flat_label(workspace_.rows.exemplar_labels(), symbol(refs[i]), symbol(refs[i + 1]));
    workspace_.rows.exemplar(time_ms, value);
    return true;
  }

  bool read_metadata(Bytes message) {
    Metadata metadata;
    uint64_t help = 0;
    uint64_t unit = 0;
    WireReader reader(message);
    for (Field field; reader.next(field);) {
      if (field.is(1, WireType::varint)) metadata.type = series_type(field.value);
      if (field.is(3, WireType::varint)) help = field.value;
      if (field.is(4, WireType::varint)) unit = field.value;
    }
    const size_t count = workspace_.symbols.size();
    if (reader.failed() || (help != 0 && help >= count) || (unit != 0 && unit >= count)) return false;
    metadata.help = help == 0 ? std::string_view() : symbol(static_cast<uint32_t>(help));
    metadata.unit = unit == 0 ? std::string_view() : symbol(static_cast<uint32_t>(unit));
    metadata_ = metadata;
    return true;
  }

  void finish() {
    SeriesRows& rows = workspace_.rows;
    if (const auto labels = read_labels(); !labels)
      return tally_.refuse(std::max<uint64_t>(rows.size(), 1), labels.error().message(), labels_text());
    if (rows.refused() > 0) tally_.refuse(rows.refused(), rows.reason(), labels_text());
    if (rows.empty() && !has_metadata()) return;
    for (uint32_t& ref : workspace_.refs) ref = number(ref);
    workspace_.builder.series_of_symbols(workspace_.refs);
    if (has_metadata()) workspace_.builder.metadata(metadata_.type, metadata_.help, metadata_.unit);
    rows.emit(workspace_.builder, created_ms_, tally_);
  }
  bool has_metadata() const noexcept {
    const bool any = metadata_.type != TARSIER_SERIES_UNKNOWN || !metadata_.help.empty() || !metadata_.unit.empty();
    return any && is_utf8(metadata_.help) && is_utf8(metadata_.unit);
  }

  /// Brings the references into the order of names; labels with an empty value go.
  Result<void> read_labels() {
    auto& refs = workspace_.refs;
    if (refs.size() % 2 != 0) return Error::invalid("a label without a value");
    auto& sorted = workspace_.sorted;
    sorted.clear();
    bool named = false;
    for (size_t i = 0; i < refs.size(); i += 2) {
      const std::string_view name = symbol(refs[i]);
      if (name.empty()) return Error::invalid("a label with an empty name");
      if (!is_utf8(name) || !is_utf8(symbol(refs[i + 1]))) return Error::invalid("a label that is not UTF-8");
      if (symbol(refs[i + 1]).empty()) continue;
      named = named || name == "__name__";
      sorted.emplace_back(refs[i], refs[i + 1]);
    }
    const auto name_of = [this](const auto& label) { return symbol(label.first); };
    if (!std::ranges::is_sorted(sorted, {}, name_of)) std::ranges::sort(sorted, {}, name_of);
    const auto repeated = std::ranges::adjacent_find(sorted, {}, name_of);
    if (repeated != sorted.end()) return Error::invalid("the label name " + std::string(name_of(*repeated)) + " is there twice");
    if (!named) return Error::invalid("a series without a metric name");
    refs.clear();
    for (const auto& [name, value] : sorted) refs.insert(refs.end(), {name, value});
    return {};
  }

  std::string labels_text() {
    std::vector<uint8_t>& set = workspace_.labels;
    set.clear();
    for (size_t i = 0; i + 1 < workspace_.refs.size(); i += 2)
      append_flat_label(set, symbol(workspace_.refs[i]), symbol(workspace_.refs[i + 1]));
    return series_text(set);
  }
  std::string_view symbol(uint32_t ref) const noexcept { return workspace_.symbols[ref]; }
  uint32_t number(uint32_t ref) {
    uint32_t& known = workspace_.numbers[ref];
    if (known == UINT32_MAX) known = workspace_.builder.labels().symbol(symbol(ref));
    return known;
  }

  Workspace& workspace_;
  Tally& tally_;
  Metadata metadata_;
  int64_t created_ms_ = 0;
};

}  // namespace

Result<void> read_request_v2(Bytes message, Workspace& workspace, Tally& tally) {
  workspace.symbols.clear();
  workspace.series.clear();
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(4, WireType::length)) workspace.symbols.push_back(field.text());
    if (field.is(5, WireType::length)) workspace.series.push_back(field.bytes);
  }
  if (reader.failed()) return malformed("the message of " + std::to_string(message.size()) + " bytes");
  workspace.numbers.assign(workspace.symbols.size(), UINT32_MAX);
  for (const Bytes series : workspace.series)
    if (auto read = SeriesReader(workspace, tally).read(series); !read) return read;
  return {};
}

}  // namespace tarsier::remote_write
