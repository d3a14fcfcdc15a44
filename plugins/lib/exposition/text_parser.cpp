// The walk over lines. A sample's series text is only delimited here; quotes may hold anything, also line breaks.
#include "plugins/lib/exposition/text_parser.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/exposition/series_scan.hpp"

namespace tarsier::exposition {
namespace {

bool read_type(std::string_view word, uint32_t& type) noexcept {
  if (word == "counter")
    type = TARSIER_SERIES_COUNTER;
  else if (word == "gauge")
    type = TARSIER_SERIES_GAUGE;
  else if (word == "histogram")
    type = TARSIER_SERIES_HISTOGRAM;
  else if (word == "summary")
    type = TARSIER_SERIES_SUMMARY;
  else if (word == "untyped")
    type = TARSIER_SERIES_UNKNOWN;
  else
    return false;
  return true;
}

}  // namespace

Entry TextParser::next(std::string_view expected_series) {
  if (failed_) return Entry::invalid;
  while (at_ < page_.size()) {
    const char c = page_[at_];
    if (c == '\n' || is_blank(c)) {
      ++at_;
      continue;
    }
    if (c != '#') return read_sample(expected_series);
    if (const Entry entry = read_comment(); entry != Entry::end) return entry;
  }
  return Entry::end;
}

Entry TextParser::read_sample(std::string_view expected) {
  const std::string_view text = page_.substr(at_);
  matched_ = begins_with_series(text, expected);
  const size_t size = matched_ ? expected.size() : loose_series_size(text);
  if (size == 0) return fail("expected a metric, got " + quote(text.substr(0, line_size(text))));
  series_ = text.substr(0, size);
  std::string_view rest = skip_blanks(text.substr(size));
  const size_t number = word_size(rest);
  if (number == 0 || (series_.back() != '}' && !is_blank(text[size]))) return fail("expected value after metric " + quote(series_));
  if (!parse_number(rest.substr(0, number), value_)) return fail("value " + quote(rest.substr(0, number)) + " is not a number");
  rest = skip_blanks(rest.substr(number));
  if (!read_timestamp(rest)) return Entry::invalid;
  if (!rest.empty() && rest.front() != '\n')
    return fail("expected the end of the line, got " + quote(rest.substr(0, line_size(rest))));
  const size_t end = static_cast<size_t>(rest.data() - page_.data());
  if (limits_.line_bytes != 0 && end - at_ > limits_.line_bytes)
    return fail_limit("longer than " + std::to_string(limits_.line_bytes) + " bytes");
  if (limits_.samples != 0 && samples_ == limits_.samples)
    return fail_limit("more than " + std::to_string(limits_.samples) + " samples");
  ++samples_;
  at_ = std::min(end + 1, page_.size());
  return Entry::sample;
}

bool TextParser::read_timestamp(std::string_view& rest) {
  has_timestamp_ = false;
  if (rest.empty() || rest.front() == '\n') return true;
  const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), timestamp_ms_);
  if (code != std::errc()) {
    (void)fail("timestamp " + quote(rest.substr(0, word_size(rest))) + " is not an integer");
    return false;
  }
  has_timestamp_ = true;
  rest = skip_blanks(rest.substr(static_cast<size_t>(end - rest.data())));
  return true;
}

/// `end` for a comment that says nothing; the position is then on the next line.
Entry TextParser::read_comment() {
  const std::string_view line = page_.substr(at_, line_size(page_.substr(at_)));
  if (limits_.line_bytes != 0 && line.size() > limits_.line_bytes)
    return fail_limit("longer than " + std::to_string(limits_.line_bytes) + " bytes");
  Entry entry = Entry::end;
  if (line.size() > 1 && is_blank(line[1])) {
    const std::string_view words = skip_blanks(line.substr(1));
    const bool is_help = words.starts_with("HELP");
    if ((is_help || words.starts_with("TYPE")) && words.size() > 4 && is_blank(words[4]))
      entry = read_metadata(is_help, skip_blanks(words.substr(4)));
  }
  if (entry != Entry::invalid) at_ = std::min(at_ + line.size() + 1, page_.size());
  return entry;
}

Entry TextParser::read_metadata(bool is_help, std::string_view rest) {
  size_t size = 0;
  if (!rest.empty() && rest.front() == '"') {
    size = quoted_size(rest);
    if (size > 0) family_ = rest.substr(1, size - 2);
  } else if (!rest.empty() && is_name_start(rest.front())) {
    while (size < rest.size() && is_name_char(rest[size])) ++size;
    family_ = rest.substr(0, size);
  }
  if (size == 0) return fail(std::string("expected metric name after ") + (is_help ? "HELP" : "TYPE") + ", got " + quote(rest));
  rest.remove_prefix(size);
  if (is_help) {
    help_ = rest.substr(rest.empty() ? 0 : 1);
    if (!is_utf8(help_)) return fail("help text is not valid UTF-8");
    return Entry::help;
  }
  rest = skip_blanks(rest);
  while (!rest.empty() && is_blank(rest.back())) rest.remove_suffix(1);
  if (!read_type(rest, type_)) return fail("invalid metric type " + quote(rest));
  return Entry::type;
}

Entry TextParser::fail(std::string what) {
  failed_ = true;
  const auto line = std::count(page_.begin(), page_.begin() + static_cast<std::ptrdiff_t>(at_), '\n') + 1;
  error_ = Error::invalid("line " + std::to_string(line) + ": " + std::move(what));
  return Entry::invalid;
}

Entry TextParser::fail_limit(std::string what) {
  (void)fail(std::move(what));
  error_ = Error(TARSIER_RESOURCE, error_.message());
  return Entry::invalid;
}

std::string unescape_help(std::string_view help, bool quotes) {
  std::string text;
  text.reserve(help.size());
  for (size_t i = 0; i < help.size(); ++i) {
    const char next = help[i] == '\\' && i + 1 < help.size() ? help[i + 1] : ' ';
    if (next == '\\' || next == 'n' || (next == '"' && quotes)) {
      text += next == 'n' ? '\n' : next;
      ++i;
    } else {
      text += help[i];
    }
  }
  return text;
}

}  // namespace tarsier::exposition
