// RE2 is what Go's regexp was made after. What differs is mended in the text; what most rules have needs no automaton.
#include "plugins/lib/relabel/pattern.hpp"

#include <algorithm>
#include <array>
#include <re2/re2.h>
#include <vector>

#include "plugins/lib/promql/regex_fault.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::relabel {
namespace {

constexpr int64_t kMostBytes = int64_t{8} << 20;  // of the program and what it is run with
constexpr size_t kFewGroups = 16;

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// Walks over an expression and knows where in it something has its meaning.
class Translator {
 public:
  explicit Translator(std::string_view text) : rest_(text) {}

  /// Refuses \C, a single byte, which Go does not have, and writes (?<name>...) as RE2 has known it for longer: (?P<name>...).
  Result<std::string> run() {
    while (!rest_.empty()) {
      if (rest_.starts_with("\\Q")) {
        take(std::min(rest_.find("\\E"), rest_.size()));
      } else if (rest_.starts_with("\\C")) {
        return Error::invalid("error parsing regexp: invalid escape sequence: `\\C`");
      } else if (rest_.front() == '\\') {
        take(std::min<size_t>(2, rest_.size()));
      } else if (rest_.front() == '[') {
        take_class();
      } else if (rest_.size() > 3 && rest_.starts_with("(?<") && is_word(rest_[3])) {
        out_ += "(?P<";
        rest_.remove_prefix(3);
      } else {
        take(1);
      }
    }
    return std::move(out_);
  }

 private:
  void take(size_t size) {
    out_.append(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }

  void take_class() {
    take(rest_.starts_with("[^") ? 2 : 1);
    if (rest_.starts_with(']')) take(1);  // the first stands for itself
    while (!rest_.empty() && rest_.front() != ']') {
      if (rest_.starts_with("[:") && rest_.find(":]") != std::string_view::npos)
        take(rest_.find(":]") + 2);
      else
        take(std::min<size_t>(rest_.front() == '\\' ? 2 : 1, rest_.size()));
    }
  }

  std::string_view rest_;
  std::string out_;
};

}  // namespace

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::optional<Pattern> Pattern::simple(std::string_view text) {
  Pattern made;
  std::string_view inner = text;
  if (inner.starts_with('(') && inner.ends_with(')')) {
    inner = inner.substr(1, inner.size() - 2);
    made.group_count_ = 2;
  }
  if (inner == ".*" || inner == ".+") {
    made.kind_ = Kind::anything;
    made.needs_text_ = inner == ".+";
    return made;
  }
  if (text.find_first_of("\\.+*?()|[]{}^$") != std::string_view::npos || !is_utf8(text)) return std::nullopt;
  made.kind_ = Kind::literal;
  made.literal_ = text;
  return made;
}

Result<Pattern> Pattern::compile(std::string_view text) {
  if (auto made = simple(text)) return std::move(*made);
  auto translated = Translator(text).run();
  if (!translated) return std::move(translated).error();
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kMostBytes);
  Pattern made;
  made.regex_ = std::make_unique<re2::RE2>("^(?s:" + *translated + ")$", options);
  if (made.regex_->error_code() == re2::RE2::ErrorPatternTooLarge)
    return Error::invalid("error parsing regexp: expression too large: it needs more than " + std::to_string(kMostBytes >> 20) +
                          " MiB");
  if (!made.regex_->ok()) return Error::invalid("error parsing regexp: " + promql::regex_fault(*made.regex_));
  made.group_count_ = static_cast<size_t>(made.regex_->NumberOfCapturingGroups()) + 1;
  return made;
}

bool Pattern::match(std::string_view value, std::span<std::string_view> groups) const {
  if (kind_ != Kind::regex) {
    if (kind_ == Kind::literal ? value != literal_ : needs_text_ && value.empty()) return false;
    std::fill(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(std::min(groups.size(), group_count_)), value);
    return true;
  }
  std::array<re2::StringPiece, kFewGroups> few;
  std::vector<re2::StringPiece> many;
  const size_t wanted = std::min(groups.size(), group_count_);
  if (wanted > few.size()) many.resize(wanted);
  re2::StringPiece* const parts = many.empty() ? few.data() : many.data();
  if (!regex_->Match({value.data(), value.size()}, 0, value.size(), re2::RE2::UNANCHORED, parts, static_cast<int>(wanted)))
    return false;
  for (size_t i = 0; i < wanted; ++i) groups[i] = {parts[i].data(), parts[i].size()};
  return true;
}

std::optional<size_t> Pattern::group(std::string_view name) const {
  if (regex_ == nullptr) return std::nullopt;
  const auto& names = regex_->NamedCapturingGroups();
  const auto found = names.find(std::string(name));
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found->second);
}

}  // namespace tarsier::relabel
