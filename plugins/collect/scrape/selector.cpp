// Parsing and applying a selector.
#include "plugins/collect/scrape/selector.hpp"

#include <re2/re2.h>

#include "plugins/lib/exposition/series_text.hpp"

namespace tarsier::scrape {
namespace {

Error expected(const char* what, std::string_view rest) {
  return Error::invalid("expected " + std::string(what) + ", got " + (rest.empty() ? "the end" : exposition::quote(rest)));
}

/// The content of a quoted string that begins `text`, which is taken off; false when it does not end.
bool take_string(std::string_view& text, std::string& out) {
  const size_t size = exposition::quoted_size(text);
  if (size == 0) return false;
  for (std::string_view inner = text.substr(1, size - 2); !inner.empty(); inner.remove_prefix(1)) {
    if (inner.front() == '\\') {
      inner.remove_prefix(1);
      out += inner.front() == 'n' ? '\n' : inner.front() == 't' ? '\t' : inner.front();
    } else {
      out += inner.front();
    }
  }
  text.remove_prefix(size);
  return true;
}

}  // namespace

Selector::Selector() = default;
Selector::Selector(Selector&&) noexcept = default;
Selector& Selector::operator=(Selector&&) noexcept = default;
Selector::~Selector() = default;

Result<Selector> Selector::parse(std::string_view text) {
  Selector selector;
  text = exposition::skip_blanks(text);
  if (text.empty()) return selector;
  if (text.front() != '{') return expected("'{'", text);
  text.remove_prefix(1);
  for (;;) {
    text = exposition::skip_blanks(text);
    if (text.starts_with('}')) break;
    size_t size = 0;
    while (size < text.size() && exposition::is_name_char(text[size])) ++size;
    if (size == 0) return expected("a label name or '}'", text);
    const std::string_view name = text.substr(0, size);
    text = exposition::skip_blanks(text.substr(size));
    const size_t op_size = text.starts_with("=~") || text.starts_with("!~") || text.starts_with("!=") ? 2
                           : text.starts_with('=')                                                    ? 1
                                                                                                      : 0;
    if (op_size == 0) return expected("one of =, !=, =~, !~", text);
    const std::string_view op = text.substr(0, op_size);
    text = exposition::skip_blanks(text.substr(op_size));
    std::string value;
    if (!text.starts_with('"') || !take_string(text, value)) return expected("a string", text);
    if (auto added = selector.add(name, op, std::move(value)); !added) return std::move(added).error();
    text = exposition::skip_blanks(text);
    if (text.starts_with(','))
      text.remove_prefix(1);
    else if (!text.starts_with('}'))
      return expected("',' or '}'", text);
  }
  if (const auto rest = exposition::skip_blanks(text.substr(1)); !rest.empty()) return expected("the end", rest);
  return selector;
}

Result<void> Selector::add(std::string_view name, std::string_view op, std::string value) {
  Matcher matcher{std::string(name), std::move(value), op.front() == '!', nullptr};
  if (op.back() == '~') {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_dot_nl(true);
    matcher.pattern = std::make_unique<re2::RE2>(matcher.value, options);
    if (!matcher.pattern->ok()) return Error::invalid("regular expression '" + matcher.value + "': " + matcher.pattern->error());
  }
  matchers_.push_back(std::move(matcher));
  return {};
}

bool Selector::matches(const LabelSet& labels) const {
  for (const Matcher& matcher : matchers_) {
    const std::string_view value = get(labels, matcher.name);
    const bool found = matcher.pattern ? re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *matcher.pattern)
                                       : value == matcher.value;
    if (found == matcher.negated) return false;
  }
  return true;
}

}  // namespace tarsier::scrape
