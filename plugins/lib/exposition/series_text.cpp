// Labels of a series. A label set may hold one quoted string without '=': the name of the metric.
#include "plugins/lib/exposition/series_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace tarsier::exposition {
namespace {

constexpr size_t kMostLabels = 4096;  // as in batches

enum : uint8_t { kStart = 1, kDigit = 2 };
constexpr std::array<uint8_t, 256> kNameChars = [] {
  std::array<uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = kStart;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = kStart;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = kDigit;
  table[static_cast<size_t>('_')] = kStart;
  table[static_cast<size_t>(':')] = kStart;
  return table;
}();

Error expected(const char* what, std::string_view rest) {
  return Error::invalid("expected " + std::string(what) + ", got " + (rest.empty() ? "the end" : quote(rest.substr(0, 12))));
}

/// Length of a label name at the begin of `text`.
size_t label_name_size(std::string_view text) noexcept {
  if (text.empty() || !is_name_start(text.front()) || text.front() == ':') return 0;
  size_t size = 1;
  while (size < text.size() && is_name_char(text[size]) && text[size] != ':') ++size;
  return size;
}

/// Bytes of the UTF-8 character at the begin of `text`; 0 when malformed (overlong, surrogate, too large, cut).
size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return size;
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr size_t kLongest = 40;
  std::string out(1, '"');
  out.append(text.substr(0, kLongest));
  out += text.size() > kLongest ? "...\"" : "\"";
  return out;
}

bool is_name_start(char c) noexcept { return kNameChars[static_cast<uint8_t>(c)] == kStart; }
bool is_name_char(char c) noexcept { return kNameChars[static_cast<uint8_t>(c)] != 0; }

bool is_utf8(std::string_view text) noexcept {
  while (text.size() >= 8) {  // eight ASCII characters at a time
    uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    if ((word & UINT64_C(0x8080808080808080)) != 0) break;
    text.remove_prefix(8);
  }
  while (!text.empty()) {
    const size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

size_t quoted_size(std::string_view text) noexcept {
  size_t from = 1;
  while (from < text.size()) {
    const void* found = std::memchr(text.data() + from, '"', text.size() - from);
    if (found == nullptr) return 0;
    const auto at = static_cast<size_t>(static_cast<const char*>(found) - text.data());
    size_t backslashes = 0;
    while (at - backslashes > 1 && text[at - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return at + 1;
    from = at + 1;
  }
  return 0;
}

std::string_view skip_blanks(std::string_view text) noexcept {
  size_t size = 0;
  while (size < text.size() && (text[size] == ' ' || text[size] == '\t')) ++size;
  return text.substr(size);
}

void SeriesText::clear(size_t bytes) {
  labels_.clear();
  unescaped_.clear();
  unescaped_.reserve(bytes);
  named_ = false;
  name_ = {};
}

Result<void> SeriesText::parse_labels(std::string_view raw) {
  clear(raw.size());
  if (!raw.starts_with('{')) return expected("'{'", raw);
  if (auto parsed = parse_braces(raw.substr(1)); !parsed) return parsed;
  if (named_) return Error::invalid("a label without a value");
  return check({});
}

Result<void> SeriesText::parse(std::string_view raw, const Limits& limits) {
  clear(raw.size());
  size_t size = 0;
  while (size < raw.size() && is_name_char(raw[size])) ++size;
  if (size > 0) {
    if (!is_name_start(raw.front())) return expected("a metric name", raw);
    name_ = raw.substr(0, size);
    named_ = true;
  }
  const std::string_view rest = skip_blanks(raw.substr(size));
  if (!rest.empty()) {
    if (rest.front() != '{') return expected("'{' after the metric name", rest);
    if (auto parsed = parse_braces(rest.substr(1)); !parsed) return parsed;
  }
  if (!named_) return Error::invalid("metric name not set");
  return check(limits);
}

Result<void> SeriesText::parse_braces(std::string_view text) {
  for (;;) {
    text = skip_blanks(text);
    if (text.empty()) return expected("'}'", text);
    if (text.front() == '}') break;
    std::string_view name;
    const bool is_quoted = text.front() == '"';
    if (is_quoted) {
      auto read = quoted(text, "name");
      if (!read) return std::move(read).error();
      name = *read;
    } else {
      const size_t size = label_name_size(text);
      if (size == 0) return expected("label name", text);
      name = text.substr(0, size);
      text.remove_prefix(size);
    }
    text = skip_blanks(text);
    if (is_quoted && !text.empty() && (text.front() == ',' || text.front() == '}')) {
      if (auto set = set_name(name); !set) return set;
    } else {
      if (text.empty() || text.front() != '=') return expected("equal", text);
      text = skip_blanks(text.substr(1));
      if (text.empty() || text.front() != '"') return expected("label value", text);
      auto value = quoted(text, "label value");
      if (!value) return std::move(value).error();
      if (name.empty()) return Error::invalid("empty label name");
      if (labels_.size() == kMostLabels) return Error(TARSIER_RESOURCE, "more than " + std::to_string(kMostLabels) + " labels");
      labels_.push_back({name, *value});
    }
    text = skip_blanks(text);
    if (!text.empty() && text.front() == ',') text.remove_prefix(1);
  }
  if (!skip_blanks(text.substr(1)).empty()) return expected("the end of the series", text.substr(1));
  return {};
}

Result<std::string_view> SeriesText::quoted(std::string_view& text, const char* what) {
  const size_t size = quoted_size(text);
  if (size == 0) return expected(what, text);
  const std::string_view inner = text.substr(1, size - 2);
  if (!is_utf8(inner)) return Error::invalid("invalid UTF-8 " + std::string(what));
  text.remove_prefix(size);
  return inner.find('\\') == std::string_view::npos ? inner : unescape(inner);
}

/// Unknown escapes stay as they are, with their backslash.
std::string_view SeriesText::unescape(std::string_view text) {
  const size_t begin = unescaped_.size();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      unescaped_ += text[i];
      continue;
    }
    const char next = text[++i];
    if (next != '\\' && next != '"' && next != 'n') unescaped_ += '\\';
    unescaped_ += next == 'n' ? '\n' : next;
  }
  return std::string_view(unescaped_).substr(begin);
}

Result<void> SeriesText::set_name(std::string_view name) {
  if (named_) return Error::invalid("metric name already set");
  if (name.empty()) return Error::invalid("empty metric name");
  name_ = name;
  named_ = true;
  return {};
}

/// Of the labels' names; null: there is none.
const LabelText* SeriesText::find_repeated() {
  constexpr size_t kFew = 32;
  if (labels_.size() > kFew) {
    names_.clear();
    for (const LabelText& label : labels_) names_.push_back(&label);
    std::sort(names_.begin(), names_.end(), [](const LabelText* a, const LabelText* b) { return a->name < b->name; });
    const auto repeated =
        std::adjacent_find(names_.begin(), names_.end(), [](const LabelText* a, const LabelText* b) { return a->name == b->name; });
    return repeated == names_.end() ? nullptr : *repeated;
  }
  for (size_t i = 0; i < labels_.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (labels_[k].name == labels_[i].name) return &labels_[i];
  return nullptr;
}

Result<void> SeriesText::check(const Limits& limits) {
  if (const LabelText* const repeated = find_repeated())
    return Error::invalid("label name " + quote(repeated->name) + " is not unique");
  for (const LabelText& label : labels_) {
    if (label.name == "__name__") return Error::invalid("label name \"__name__\" is not unique");
    if (limits.label_name_bytes != 0 && label.name.size() > limits.label_name_bytes)
      return Error(TARSIER_RESOURCE,
                   "label name " + quote(label.name) + " is longer than " + std::to_string(limits.label_name_bytes));
    if (limits.label_value_bytes != 0 && label.value.size() > limits.label_value_bytes)
      return Error(TARSIER_RESOURCE,
                   "value of label " + quote(label.name) + " is longer than " + std::to_string(limits.label_value_bytes));
  }
  if (limits.labels != 0 && labels_.size() > limits.labels)
    return Error(TARSIER_RESOURCE, std::to_string(labels_.size()) + " labels, the limit is " + std::to_string(limits.labels));
  return {};
}

}  // namespace tarsier::exposition
