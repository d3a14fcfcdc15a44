#include "plugins/lib/exposition/series_scan.hpp"

#include <cstring>

#include "plugins/lib/exposition/series_text.hpp"

namespace tarsier::exposition {
namespace {

/// A name, quoted or not, of a label or a metric; 0: there is none.
size_t label_or_name_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (text.front() == '"') return quoted_size(text);
  if (!is_name_start(text.front())) return 0;
  size_t size = 1;
  while (size < text.size() && is_name_char(text[size])) ++size;
  return size;
}

}  // namespace

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

size_t line_size(std::string_view text) noexcept {
  const void* found = std::memchr(text.data(), '\n', text.size());
  return found == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

size_t word_size(std::string_view text) noexcept {
  size_t size = 0;
  while (size < text.size() && !is_blank(text[size]) && text[size] != '\n' && text[size] != '{') ++size;
  return size;
}

size_t loose_series_size(std::string_view text) noexcept {
  size_t at = 0;
  if (is_name_start(text.front()))
    while (at < text.size() && is_name_char(text[at])) ++at;
  size_t brace = at;
  while (brace < text.size() && is_blank(text[brace])) ++brace;
  if (brace == text.size() || text[brace] != '{') return at;
  for (at = brace + 1; at < text.size(); ++at) {
    if (text[at] == '}') return at + 1;
    if (text[at] == '\n') return 0;
    if (text[at] != '"') continue;
    const size_t size = quoted_size(text.substr(at));
    if (size == 0) return 0;
    at += size - 1;
  }
  return 0;
}

size_t strict_labels_size(std::string_view text) noexcept {
  if (text.empty() || text.front() != '{') return 0;
  size_t at = 1;
  while (at < text.size() && text[at] != '}') {
    const size_t name = label_or_name_size(text.substr(at));
    if (name == 0) return 0;
    at += name;
    if (at < text.size() && text[at] == '=') {
      ++at;
      const size_t value = at < text.size() && text[at] == '"' ? quoted_size(text.substr(at)) : 0;
      if (value == 0) return 0;
      at += value;
    }
    if (at < text.size() && text[at] == ',') {
      ++at;
    } else if (at >= text.size() || text[at] != '}') {
      return 0;
    }
  }
  return at < text.size() ? at + 1 : 0;
}

size_t strict_series_size(std::string_view text) noexcept {
  size_t name = 0;
  if (!text.empty() && is_name_start(text.front()))
    while (name < text.size() && is_name_char(text[name])) ++name;
  if (name == text.size() || text[name] != '{') return name;
  const size_t labels = strict_labels_size(text.substr(name));
  return labels == 0 ? 0 : name + labels;
}

bool begins_with_series(std::string_view line, std::string_view expected) noexcept {
  if (expected.empty() || line.size() <= expected.size() || std::memcmp(line.data(), expected.data(), expected.size()) != 0)
    return false;
  if (expected.back() == '}') return true;
  const std::string_view rest = line.substr(expected.size());
  if (!is_blank(rest.front())) return false;
  const std::string_view after = skip_blanks(rest);
  return after.empty() || after.front() != '{';
}

}  // namespace tarsier::exposition
