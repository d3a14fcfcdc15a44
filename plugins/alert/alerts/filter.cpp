#include "plugins/alert/alerts/filter.hpp"

#include <re2/re2.h>

namespace tarsier::alerts {

struct Filter::Pattern {
  explicit Pattern(const std::string& text) : expression("(?s:" + text + ")", RE2::Quiet) {}
  RE2 expression;
};

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Result<std::string> unquoted(std::string_view text) {
  if (text.empty() || text.front() != '"') return std::string(text);
  if (text.size() < 2 || text.back() != '"') return Error::invalid("unclosed quote in matcher");
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out.push_back(text[i] == 'n' ? '\n' : text[i]);
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) {
  const size_t at = text.find_first_of("=!");
  if (at == std::string_view::npos || trimmed(text.substr(0, at)).empty())
    return Error::invalid("bad matcher format: " + std::string(text));
  const std::string_view two = text.substr(at, 2);
  const bool regex = two == "=~" || two == "!~";
  if (text[at] == '!' && two != "!=" && !regex) return Error::invalid("bad matcher format: " + std::string(text));
  Filter filter;
  auto name = unquoted(trimmed(text.substr(0, at)));
  auto value = unquoted(trimmed(text.substr(at + (two == "!=" || regex ? 2 : 1))));
  if (!name) return std::move(name).error();
  if (!value) return std::move(value).error();
  filter.name_ = std::move(*name);
  filter.value_ = std::move(*value);
  filter.negated_ = text[at] == '!';
  if (regex) {
    auto pattern = std::make_shared<const Pattern>(filter.value_);
    if (!pattern->expression.ok()) return Error::invalid("bad regular expression in matcher: " + pattern->expression.error());
    filter.pattern_ = std::move(pattern);
  }
  return filter;
}

bool Filter::matches(const LabelMap& labels) const {
  std::string_view value;
  for (const auto& [label, text] : labels)
    if (label == name_) value = text;
  const bool equal =
      pattern_ ? RE2::FullMatch(re2::StringPiece(value.data(), value.size()), pattern_->expression) : value == value_;
  return equal != negated_;
}

}  // namespace tarsier::alerts
