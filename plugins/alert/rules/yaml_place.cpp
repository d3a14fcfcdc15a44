#include "plugins/alert/rules/yaml_place.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace tarsier::rules {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

bool is_blank(char c) { return kBlank.find(c) != std::string_view::npos; }

/// One character of a value as it is written: `size` bytes of the file that mean `meaning`.
struct Written {
  size_t size = 1;
  std::string meaning;
};

std::string utf8(uint32_t code) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3fU)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xc0U | (code >> 6U)), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0U | (code >> 12U)), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | ((code >> 18U) & 7U)), tail(12), tail(6), tail(0)};
}

/// An escape of a double-quoted scalar; `rest` begins after the backslash. Escapes that mean blanks mean " ": blanks are not
/// compared.
Written escape(std::string_view rest) {
  const char letter = rest.empty() ? '\\' : rest.front();
  const size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits > 0) {
    uint32_t code = 0;
    for (const char c : rest.substr(1, digits))
      code = code * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    return {2 + digits, utf8(code)};
  }
  static constexpr std::string_view kNamed = "0abefv";
  static constexpr std::array<char, 6> kMeaning = {'\0', '\a', '\b', '\x1b', '\f', '\v'};
  if (const size_t at = kNamed.find(letter); at != std::string_view::npos) return {2, std::string(1, kMeaning[at])};
  if (letter == 't' || letter == 'n' || letter == 'r' || is_blank(letter)) return {2, " "};
  if (letter == 'N') return {2, utf8(0x85)};
  if (letter == '_') return {2, utf8(0xa0)};
  if (letter == 'L') return {2, utf8(0x2028)};
  if (letter == 'P') return {2, utf8(0x2029)};
  return {2, std::string(1, letter)};
}

/// A scalar in the text of a file, from its first character on.
class Source {
 public:
  Source(std::string_view file, size_t begin) : file_(file), at_(begin) { open(); }

  /// Blanks of the value and of the file differ in every style (indentation, folding), so that only what is between them is
  /// compared.
  std::optional<size_t> find(std::string_view value, size_t wanted) {
    for (size_t i = 0; i < std::min(wanted + 1, value.size());) {
      if (is_blank(value[i])) {
        ++i;
        continue;
      }
      const Written next = skip_blanks();
      if (next.meaning.empty() || value.substr(i, next.meaning.size()) != next.meaning) return std::nullopt;
      i += next.meaning.size();
      if (wanted < i) return at_;
      at_ += next.size;
    }
    return at_;
  }

 private:
  void skip(std::string_view set) { at_ = std::min(file_.find_first_not_of(set, at_), file_.size()); }
  char peek() const { return at_ < file_.size() ? file_[at_] : '\0'; }

  /// Past anchor, tag, and what opens the scalar.
  void open() {
    while (peek() == '&' || peek() == '!') {
      at_ = std::min(file_.find_first_of(kBlank, at_), file_.size());
      skip(kBlank);
    }
    if (peek() == '|' || peek() == '>') {
      at_ = std::min(file_.find('\n', at_), file_.size());
    } else if (peek() == '"' || peek() == '\'') {
      quote_ = file_[at_++];
    }
  }

  Written skip_blanks() {
    while (true) {
      skip(kBlank);
      const Written next = read();
      if (next.meaning != " ") return next;
      at_ += next.size;
    }
  }

  Written read() const {
    if (at_ >= file_.size()) return {};
    if (quote_ == '\'' && file_.substr(at_, 2) == "''") return {2, "'"};
    if (quote_ == '"' && file_[at_] == '\\') return escape(file_.substr(at_ + 1));
    return {1, std::string(1, file_[at_])};
  }

  std::string_view file_;
  size_t at_;
  char quote_ = '\0';
};

Place place_at(std::string_view file, size_t at) {
  const std::string_view before = file.substr(0, at);
  const size_t last_break = before.rfind('\n');
  return {static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1,
          last_break == std::string_view::npos ? before.size() + 1 : before.size() - last_break};
}

}  // namespace

std::string text(Place place) { return std::to_string(place.line) + ":" + std::to_string(place.column); }

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<size_t>(mark.line) + 1, static_cast<size_t>(mark.column) + 1};
}

Place place_of(const YAML::Node& node) { return place_of(node.Mark()); }

Place place_inside(std::string_view file, const YAML::Node& scalar, size_t at) {
  const YAML::Mark mark = scalar.Mark();
  if (mark.is_null() || static_cast<size_t>(mark.pos) >= file.size()) return place_of(scalar);
  const auto found = Source(file, static_cast<size_t>(mark.pos)).find(scalar.Scalar(), at);
  return found ? place_at(file, *found) : place_of(scalar);
}

size_t offset_of(std::string_view value, Place inside) {
  size_t begin = 0;
  for (size_t line = 1; line < inside.line; ++line) {
    const size_t end = value.find('\n', begin);
    if (end == std::string_view::npos) return value.size();
    begin = end + 1;
  }
  return std::min(begin + inside.column - 1, value.size());
}

}  // namespace tarsier::rules
