#include "matcher.hpp"

#include <algorithm>
#include <re2/re2.h>

namespace tarsier::samples {
namespace {

constexpr size_t kMostTexts = 1024;
constexpr int kMostDepth = 16;

/// A recursive descent over literals, groups and alternations. Everything else ends it.
class Spelling {
 public:
  explicit Spelling(std::string_view expression) : rest_(expression) {}

  bool run(std::vector<std::string>& texts) { return alternation(texts, 0) && rest_.empty(); }

 private:
  bool alternation(std::vector<std::string>& texts, int depth) {
    if (depth > kMostDepth) return false;
    do {
      std::vector<std::string> branch{""};
      if (!sequence(branch, depth)) return false;
      texts.insert(texts.end(), branch.begin(), branch.end());
      if (texts.size() > kMostTexts) return false;
    } while (take('|'));
    return true;
  }

  bool sequence(std::vector<std::string>& texts, int depth) {
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      if (take('(')) {
        if (rest_.starts_with("?:")) rest_.remove_prefix(2);
        std::vector<std::string> group;
        if (!alternation(group, depth + 1) || !take(')') || !product(texts, group)) return false;
      } else {
        char literal = 0;
        if (!character(literal)) return false;
        for (std::string& text : texts) text += literal;
      }
      if (!rest_.empty() && std::string_view("*+?{").find(rest_.front()) != std::string_view::npos) return false;
    }
    return true;
  }

  bool character(char& literal) {
    constexpr std::string_view kMeta = "\\.+*?()|[]{}^$";
    literal = rest_.front();
    rest_.remove_prefix(1);
    if (literal != '\\') return kMeta.find(literal) == std::string_view::npos;
    if (rest_.empty() || std::string_view("\\.+*?()|[]{}^$-/_:").find(rest_.front()) == std::string_view::npos) return false;
    literal = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  static bool product(std::vector<std::string>& texts, const std::vector<std::string>& endings) {
    if (texts.size() * endings.size() > kMostTexts) return false;
    std::vector<std::string> all;
    all.reserve(texts.size() * endings.size());
    for (const std::string& text : texts) {
      for (const std::string& ending : endings) all.push_back(text + ending);
    }
    texts = std::move(all);
    return true;
  }

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

bool spelled_out(std::string_view expression, std::vector<std::string>& texts) {
  texts.clear();
  if (!Spelling(expression).run(texts)) return false;
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return true;
}

Matcher::Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<Matcher> Matcher::compile(tarsier_match_op op, std::string_view name, std::string_view value) {
  Matcher matcher;
  matcher.name_ = name;
  matcher.negated_ = op == TARSIER_MATCH_NOT_EQUAL || op == TARSIER_MATCH_NOT_REGEX;
  switch (op) {
    case TARSIER_MATCH_EQUAL:
    case TARSIER_MATCH_NOT_EQUAL:
      matcher.texts_.emplace_back(value);
      break;
    case TARSIER_MATCH_REGEX:
    case TARSIER_MATCH_NOT_REGEX:
      if (auto compiled = matcher.compile_expression(value); !compiled) return std::move(compiled).error();
      break;
    default:
      return Error::invalid("matcher on " + matcher.name_ + ": operator " + std::to_string(op) + " is not known");
  }
  matcher.matches_empty_ = matcher.matches("");
  return matcher;
}

Result<void> Matcher::compile_expression(std::string_view value) {
  if (spelled_out(value, texts_)) return {};
  texts_.clear();
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  expression_ = std::make_unique<re2::RE2>(re2::StringPiece(value.data(), value.size()), options);
  if (!expression_->ok()) {
    return Error::invalid("matcher on " + name_ + ": regular expression \"" + std::string(value) + "\": " + expression_->error());
  }
  has_range_ = expression_->PossibleMatchRange(&low_, &high_, 32);
  return {};
}

bool Matcher::positive(std::string_view value) const {
  if (expression_ == nullptr) return std::binary_search(texts_.begin(), texts_.end(), value);
  if (has_range_ && (value < low_ || value > high_)) return false;
  return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *expression_);
}

bool Matcher::matches(std::string_view value) const { return positive(value) != negated_; }

}  // namespace tarsier::samples
