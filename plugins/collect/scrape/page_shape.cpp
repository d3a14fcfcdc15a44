#include "plugins/collect/scrape/page_shape.hpp"

#include <algorithm>
#include <cstring>

#include "plugins/lib/exposition/number.hpp"

namespace tarsier::scrape {
namespace {

constexpr uint32_t kDropped = uint32_t{1} << 31U;
constexpr size_t kLongestValue = 64;  // a longer one is for the parser, which has limits and words for it

/// The value at the begin of `line`, with its line break; 0: there is none.
size_t read_value(std::string_view line, double& value) noexcept {
  const size_t size = std::min(line.substr(0, kLongestValue).find('\n'), line.size());
  return size < line.size() && exposition::parse_number(line.substr(0, size), value) ? size + 1 : 0;
}

}  // namespace

void PageShape::begin(std::string_view page) {
  page_ = page;
  read_ = 0;
  known_ = false;
  regular_ = true;
  places_.clear();
  comments_.clear();
}

void PageShape::add(std::string_view series, std::string_view kept, size_t end, bool stored) {
  if (!regular_) return;
  const auto begin = static_cast<size_t>(series.data() - page_.data());
  const std::string_view comments = page_.substr(read_, begin - read_);
  const std::string_view rest = page_.substr(begin + series.size(), end - begin - series.size());
  regular_ = comments.size() < kDropped && rest.size() > 2 && rest.front() == ' ' && rest.back() == '\n' &&
             rest.find_first_of(" \t", 1) == std::string_view::npos;
  if (!regular_) return;
  comments_ += comments;
  const uint32_t dropped = stored ? 0 : kDropped;
  places_.push_back({kept.data(), static_cast<uint32_t>(kept.size()), static_cast<uint32_t>(comments.size()) | dropped});
  read_ = end;
}

void PageShape::finish() {
  known_ = regular_;
  if (known_) comments_ += page_.substr(read_);
  page_ = {};
}

bool PageShape::read(std::string_view page, std::vector<double>& values) const {
  if (!known_) return false;
  values.clear();
  const auto take = [&page](const char* text, size_t size) {
    if (page.size() < size || std::memcmp(page.data(), text, size) != 0) return false;
    page.remove_prefix(size);
    return true;
  };
  const char* comments = comments_.data();
  for (const Place& place : places_) {
    const uint32_t comment_size = place.comments & ~kDropped;
    if (!take(comments, comment_size) || !take(place.series, place.size) || !take(" ", 1)) return false;
    comments += comment_size;
    double value = 0;
    const size_t size = read_value(page, value);
    if (size == 0) return false;
    page.remove_prefix(size);
    if ((place.comments & kDropped) == 0) values.push_back(value);
  }
  return page == std::string_view(comments, static_cast<size_t>(comments_.data() + comments_.size() - comments));
}

}  // namespace tarsier::scrape
