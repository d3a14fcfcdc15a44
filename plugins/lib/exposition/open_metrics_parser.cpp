// Line by line; whatever is not exactly as the specification has it fails the page. (OpenMetrics 1.0, section 4.1)
#include "plugins/lib/exposition/open_metrics_parser.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "plugins/lib/exposition/metric_type.hpp"
#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/exposition/series_scan.hpp"

namespace tarsier::exposition {
namespace {

constexpr std::string_view kEnd = "# EOF";
// What is left of 64 bits when milliseconds are kept as nanoseconds.
constexpr double kMostMs = 9.2e12;

/// Takes the word and the one blank behind it.
bool take_word(std::string_view& line, std::string_view word) noexcept {
  if (!line.starts_with(word) || line.size() == word.size() || line[word.size()] != ' ') return false;
  line.remove_prefix(word.size() + 1);
  return true;
}

bool read_type(std::string_view word, uint32_t& type) noexcept {
  for (uint32_t known = TARSIER_SERIES_UNKNOWN; known <= TARSIER_SERIES_STATESET; ++known) {
    if (word != type_word(known)) continue;
    type = known;
    return true;
  }
  return false;
}

/// Of a family that is named so; its name ends in "_" and the unit.
bool has_unit(std::string_view family, std::string_view unit) noexcept {
  return family.size() > unit.size() && family.ends_with(unit) && family[family.size() - unit.size() - 1] == '_';
}

}  // namespace

Entry OpenMetricsParser::next(std::string_view expected_series) {
  if (failed_) return Entry::invalid;
  if (ended_) return Entry::end;
  if (at_ == page_.size()) return fail("data does not end with # EOF");
  const std::string_view line = page_.substr(at_, line_size(page_.substr(at_)));
  if (line == kEnd) return read_end();
  if (at_ + line.size() == page_.size()) return fail("data does not end with # EOF");
  if (limits_.line_bytes != 0 && line.size() > limits_.line_bytes)
    return fail_limit("longer than " + std::to_string(limits_.line_bytes) + " bytes");
  const Entry entry = line.starts_with('#') ? read_metadata(line) : read_sample(line, expected_series);
  if (entry != Entry::invalid) at_ += line.size() + 1;
  return entry;
}

Entry OpenMetricsParser::read_end() {
  size_t rest = page_.size() - at_ - kEnd.size();
  if (rest > 0) --rest;  // its line break
  if (rest > 0) return fail("unexpected data after # EOF");
  ended_ = true;
  return Entry::end;
}

Entry OpenMetricsParser::read_sample(std::string_view line, std::string_view expected) {
  matched_ = begins_with_series(line, expected);
  const size_t size = matched_ ? expected.size() : strict_series_size(line);
  if (size == 0) return fail("expected a metric, got " + quote(line));
  series_ = line.substr(0, size);
  std::string_view rest = line.substr(size);
  has_exemplar_ = false;
  if (!read_number(rest, "value", value_) || !read_timestamp(rest, has_timestamp_, timestamp_ms_) || !read_exemplar(rest))
    return Entry::invalid;
  if (!rest.empty()) return fail("expected the end of the line, got " + quote(rest));
  if (limits_.samples != 0 && samples_ == limits_.samples)
    return fail_limit("more than " + std::to_string(limits_.samples) + " samples");
  ++samples_;
  return Entry::sample;
}

/// A blank and a number.
bool OpenMetricsParser::read_number(std::string_view& rest, const char* what, double& value) {
  const size_t size = rest.starts_with(' ') ? word_size(rest.substr(1)) : 0;
  if (size == 0) {
    (void)fail(std::string("expected a blank and a ") + what + ", got " + quote(rest));
    return false;
  }
  const std::string_view number = rest.substr(1, size);
  rest.remove_prefix(size + 1);
  if (parse_number(number, value)) return true;
  (void)fail(std::string(what) + " " + quote(number) + " is not a number");
  return false;
}

/// There may be one, in seconds, before an exemplar or the end.
bool OpenMetricsParser::read_timestamp(std::string_view& rest, bool& has, int64_t& ms) {
  has = false;
  if (rest.empty() || rest.starts_with(" #")) return true;
  double seconds = 0;
  if (!read_number(rest, "timestamp", seconds)) return false;
  const double exact = seconds * 1000;
  if (!(std::fabs(exact) < kMostMs)) {  // NaN, too
    (void)fail("invalid timestamp");
    return false;
  }
  has = true;
  ms = static_cast<int64_t>(exact);
  return true;
}

bool OpenMetricsParser::read_exemplar(std::string_view& rest) {
  constexpr std::string_view kBegin = " # ";
  if (!rest.starts_with(kBegin)) return true;
  rest.remove_prefix(kBegin.size());
  const size_t size = strict_labels_size(rest);
  if (size == 0) {
    (void)fail("expected the labels of an exemplar, got " + quote(rest));
    return false;
  }
  if (auto parsed = exemplar_.labels.parse_labels(rest.substr(0, size)); !parsed) {
    (void)fail("exemplar: " + parsed.error().message());
    return false;
  }
  rest.remove_prefix(size);
  has_exemplar_ = read_number(rest, "value of the exemplar", exemplar_.value) &&
                  read_timestamp(rest, exemplar_.has_timestamp, exemplar_.timestamp_ms);
  return has_exemplar_;
}

Entry OpenMetricsParser::read_metadata(std::string_view line) {
  constexpr std::array kWords = {std::pair{std::string_view("HELP"), Entry::help}, std::pair{std::string_view("TYPE"), Entry::type},
                                 std::pair{std::string_view("UNIT"), Entry::unit}};
  std::string_view rest = line;
  if (!take_word(rest, "#")) return fail("expected HELP, TYPE, UNIT or EOF after \"# \", got " + quote(line));
  const auto known = std::find_if(kWords.begin(), kWords.end(), [&](const auto& word) { return take_word(rest, word.first); });
  if (known == kWords.end()) return fail("expected HELP, TYPE, UNIT or EOF after \"# \", got " + quote(line));
  const size_t size = strict_series_size(rest);
  const size_t quoted = rest.starts_with('"') ? quoted_size(rest) : 0;
  if (quoted != 0) {
    family_ = rest.substr(1, quoted - 2);
  } else if (size != 0 && rest[size - 1] != '}') {
    family_ = rest.substr(0, size);
  } else {
    return fail("expected metric name after " + std::string(known->first) + ", got " + quote(rest));
  }
  rest.remove_prefix(std::max(size, quoted));
  if (!rest.starts_with(' ')) return fail("expected a blank after the metric name, got " + quote(rest));
  text_ = rest.substr(1);
  if (!is_utf8(text_)) return fail(known->second == Entry::help ? "help text is not valid UTF-8" : "the text is not valid UTF-8");
  if (known->second == Entry::type && !read_type(text_, type_)) return fail("invalid metric type " + quote(text_));
  if (known->second == Entry::unit && !text_.empty() && !has_unit(family_, text_))
    return fail("unit " + quote(text_) + " not a suffix of metric " + quote(family_));
  return known->second;
}

Entry OpenMetricsParser::fail(std::string what) {
  failed_ = true;
  const auto line = std::count(page_.begin(), page_.begin() + static_cast<std::ptrdiff_t>(at_), '\n') + 1;
  error_ = Error::invalid("line " + std::to_string(line) + ": " + std::move(what));
  return Entry::invalid;
}

Entry OpenMetricsParser::fail_limit(std::string what) {
  (void)fail(std::move(what));
  error_ = Error(TARSIER_RESOURCE, error_.message());
  return Entry::invalid;
}

}  // namespace tarsier::exposition
