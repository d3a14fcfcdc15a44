#include "exemplar_codec.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kMaxLabelBytes = 2 << 20;  // of one series: more than a batch can bring

Error malformed() { return {TARSIER_CORRUPT, "a record of exemplars is malformed"}; }

void append_text(std::string_view text, std::string& out) {
  for (uint64_t size = text.size();; size >>= 7) {
    out.push_back(static_cast<char>(size < 0x80 ? size : size | 0x80));
    if (size < 0x80) break;
  }
  out.append(text);
}

/// A record while it is read: texts and series are found by their numbers.
class RecordReader {
 public:
  explicit RecordReader(std::span<const uint8_t> bytes) : in_(bytes) {}

  bool read(const ExemplarSink& sink) {
    if (in_.u8() != kVersion) return false;
    texts_.resize(static_cast<size_t>(in_.count(1)));
    for (std::string_view& text : texts_) text = in_.text();
    series_.resize(static_cast<size_t>(in_.count(1)));
    for (auto& pairs : series_) {
      if (!read_pairs(pairs)) return false;
    }
    const uint64_t count = in_.count(11);
    int64_t time = 0;
    for (uint64_t i = 0; i < count && in_.ok(); ++i) {
      const uint64_t number = in_.varint();
      time = wrapping_add(time, in_.svarint());
      Exemplar exemplar{.time = time, .value = std::bit_cast<double>(in_.u64()), .labels = {}};
      if (!read_pairs(pairs_) || number >= series_.size()) return false;
      if (!write(pairs_, labels_) || !use_series(static_cast<size_t>(number))) return false;
      exemplar.labels = labels_;
      sink(series_labels_, exemplar);
    }
    return in_.ok() && in_.at_end();
  }

 private:
  bool read_pairs(std::vector<uint32_t>& pairs) {
    pairs.resize(static_cast<size_t>(in_.count(2)) * 2);
    for (uint32_t& number : pairs) {
      const uint64_t read = in_.varint();
      if (!in_.ok() || read >= texts_.size()) return false;
      number = static_cast<uint32_t>(read);
    }
    return in_.ok();
  }
  bool write(const std::vector<uint32_t>& pairs, std::string& out) const {
    out.clear();
    for (const uint32_t number : pairs) {
      append_text(texts_[number], out);
      if (out.size() > kMaxLabelBytes) return false;
    }
    return true;
  }
  bool use_series(size_t number) {
    if (number == last_series_) return true;
    last_series_ = number;
    return write(series_[number], series_labels_);
  }

  ByteReader in_;
  std::vector<std::string_view> texts_;
  std::vector<std::vector<uint32_t>> series_;
  std::vector<uint32_t> pairs_;
  size_t last_series_ = SIZE_MAX;
  std::string series_labels_, labels_;
};

}  // namespace

void encode_labels(Labels labels, std::string& out) {
  out.clear();
  for (const auto& [name, value] : labels) {
    append_text(name, out);
    append_text(value, out);
  }
}

bool decode_labels(std::string_view bytes, std::vector<Label>& out) {
  out.clear();
  ByteReader in({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  while (!in.at_end()) {
    const std::string_view name = in.text();
    out.emplace_back(name, in.text());
  }
  return in.ok();
}

void ExemplarsRecord::write_labels(std::string_view encoded, std::vector<uint8_t>& out) {
  (void)decode_labels(encoded, labels_);  // they were encoded here
  ByteWriter writer(out);
  writer.varint(labels_.size());
  const auto put = [&](std::string_view text) {
    const auto [found, fresh] = numbers_.try_emplace(std::string(text), static_cast<uint32_t>(numbers_.size()));
    if (fresh) ByteWriter(texts_).text(text);
    writer.varint(found->second);
  };
  for (const auto& [name, value] : labels_) {
    put(name);
    put(value);
  }
}

void ExemplarsRecord::add(std::string_view series, const Exemplar& exemplar) {
  const auto [found, fresh] = series_numbers_.try_emplace(std::string(series), static_cast<uint32_t>(series_numbers_.size()));
  if (fresh) write_labels(series, series_);
  ByteWriter writer(exemplars_);
  writer.varint(found->second);
  writer.svarint(wrapping_sub(exemplar.time, last_time_));
  writer.u64(std::bit_cast<uint64_t>(exemplar.value));
  write_labels(exemplar.labels, exemplars_);
  last_time_ = exemplar.time;
  ++count_;
}

void ExemplarsRecord::encode(std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.u8(kVersion);
  writer.varint(numbers_.size());
  writer.bytes(texts_);
  writer.varint(series_numbers_.size());
  writer.bytes(series_);
  writer.varint(count_);
  writer.bytes(exemplars_);
  *this = ExemplarsRecord{};
}

Result<void> decode_exemplars(std::span<const uint8_t> bytes, const ExemplarSink& sink) {
  if (!RecordReader(bytes).read(sink)) return malformed();
  return {};
}

}  // namespace tarsier::samples
