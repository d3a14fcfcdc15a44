#include "plugins/lib/relabel/replacement.hpp"

#include <algorithm>
#include <charconv>
#include <re2/re2.h>

namespace tarsier::relabel {
namespace {

/// Letters and digits of Unicode and '_' at the begin of `text`: $1b is the group "1b", not the first group and a b.
size_t name_size(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const auto end = std::find_if_not(text.begin(), text.end(), is_plain);
  if (end == text.end() || static_cast<unsigned char>(*end) < 0x80) return static_cast<size_t>(end - text.begin());
  const re2::RE2 name("[\\pL\\p{Nd}_]*", re2::RE2::Quiet);
  re2::StringPiece rest(text.data(), text.size());
  re2::RE2::Consume(&rest, name);
  return text.size() - rest.size();
}

/// The number that a name is; none when it has leading zeros or is out of all proportion.
std::optional<size_t> number_of(std::string_view name) {
  size_t number = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (code != std::errc() || end != name.data() + name.size() || (name.size() > 1 && name.front() == '0')) return std::nullopt;
  return number;
}

/// The name that a reference at the begin of `text`, behind its '$', has; `text` is moved behind it. None: it begins no reference.
std::optional<std::string_view> take_name(std::string_view& text) {
  const bool braced = text.starts_with('{');
  const std::string_view inner = text.substr(braced ? 1 : 0);
  const size_t size = name_size(inner);
  if (size == 0 || (braced && !inner.substr(size).starts_with('}'))) return std::nullopt;
  text = inner.substr(size + (braced ? 1 : 0));
  return inner.substr(0, size);
}

}  // namespace

Replacement Replacement::compile(std::string_view text, const Pattern& pattern) {
  Replacement made;
  while (!text.empty()) {
    const size_t dollar = std::min(text.find('$'), text.size());
    made.add_literal(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.starts_with('$')) {
      made.add_literal("$");
      text.remove_prefix(1);
    } else if (const auto name = take_name(text)) {
      made.add_reference(*name, pattern);
    } else {
      made.add_literal("$");
    }
  }
  return made;
}

void Replacement::add_literal(std::string_view text) {
  if (text.empty()) return;
  if (pieces_.empty() || pieces_.back().group) pieces_.emplace_back();
  pieces_.back().literal += text;
}

void Replacement::add_reference(std::string_view name, const Pattern& pattern) {
  auto group = number_of(name);
  if (!group) group = pattern.group(name);
  if (!group || *group >= pattern.group_count()) return;
  pieces_.push_back({{}, group});
  groups_ = std::max(groups_, *group + 1);
}

std::string_view Replacement::expand(std::span<const std::string_view> groups, Labels& texts) const {
  const auto text_of = [&](const Piece& piece) { return piece.group ? groups[*piece.group] : std::string_view(piece.literal); };
  if (pieces_.empty()) return {};
  if (pieces_.size() == 1) return text_of(pieces_.front());
  std::string text;
  for (const Piece& piece : pieces_) text += text_of(piece);
  return texts.keep(std::move(text));
}

}  // namespace tarsier::relabel
