#include "plugins/query/promql/exec/labels.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr uint64_t kSeed = 0x2545f4914f6cdd1dULL;

__extension__ using Wide = unsigned __int128;

uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xe7037ed1a0b428dbULL);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

template <class Word>
uint64_t load(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

/// Less than eight bytes as one number; the size tells apart what comes out the same.
uint64_t load_short(std::string_view text) {
  const size_t size = text.size();
  if (size >= 4) return load<uint32_t>(text.data()) | load<uint32_t>(text.data() + size - 4) << 32U;
  if (size == 0) return 0;
  const auto byte = [&](size_t at) { return static_cast<uint64_t>(static_cast<unsigned char>(text[at])); };
  return byte(0) | byte(size / 2) << 8U | byte(size - 1) << 16U;
}

/// Eight bytes at a time; the last ones may be among those before.
uint64_t hash_text(std::string_view text, uint64_t seed) {
  uint64_t hash = seed + text.size() * kSeed;
  if (text.size() < 8) return mix(hash, load_short(text));
  for (size_t at = 0; at + 8 < text.size(); at += 8) hash = mix(hash, load<uint64_t>(text.data() + at));
  return mix(hash, load<uint64_t>(text.data() + text.size() - 8));
}

/// So few that each is looked for in a set: to see that two names are not the same takes less than to put them in order.
bool is_short(const std::vector<std::string>& labels) { return labels.size() <= 8; }

}  // namespace

Labels Labels::from(std::span<const LabelView> pairs, QueryContext* counted_by) {
  std::vector<Pair> unhashed;
  unhashed.reserve(pairs.size());
  for (const auto& [name, value] : pairs) unhashed.push_back({name, value});
  return made_of(unhashed, counted_by);
}

Labels Labels::made_of(std::span<const Pair> pairs, QueryContext* counted_by) {
  Labels made;
  if (pairs.empty()) return made;
  size_t bytes = sizeof(Block) + pairs.size() * sizeof(Entry);
  for (const Pair& pair : pairs) bytes += pair.name.size() + pair.value.size();
  auto* block = new (::operator new(bytes)) Block{{1}, static_cast<uint32_t>(pairs.size()), 0, {}};
  if (counted_by != nullptr) {
    (void)counted_by->hold(bytes / kBytesOfSample);  // what it says, check() says again
    block->held = Held(counted_by, bytes / kBytesOfSample);
  }
  auto* entries = reinterpret_cast<Entry*>(block + 1);
  char* const text = reinterpret_cast<char*>(entries + pairs.size());
  uint32_t at = 0;
  const auto put = [&](std::string_view part) {
    if (!part.empty()) std::memcpy(text + at, part.data(), part.size());
    return std::exchange(at, at + static_cast<uint32_t>(part.size()));
  };
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto& [name, value, known_hash] = pairs[i];
    const uint64_t hash = known_hash != 0 ? known_hash : hash_text(value, hash_text(name, kSeed));
    const uint32_t name_at = put(name);
    entries[i] = {hash, name_at, static_cast<uint32_t>(name.size()), put(value), static_cast<uint32_t>(value.size())};
    block->hash = mix_pair(block->hash, hash);
  }
  made.block_ = block;
  return made;
}

Labels Labels::from(const tarsier_pair* pairs, size_t count) {
  std::vector<Pair> given;
  given.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const Pair pair = {{pairs[i].name.data, pairs[i].name.size}, {pairs[i].value.data, pairs[i].value.size}};
    if (!pair.value.empty()) given.push_back(pair);
  }
  return made_of(given, nullptr);
}

void Labels::release() noexcept {
  if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block_->~Block();
    ::operator delete(block_);
  }
}

size_t Labels::find(std::string_view wanted) const noexcept {
  for (size_t i = 0; i < size(); ++i)
    if (name(i) == wanted) return i;
  return size();
}

std::string_view Labels::get(std::string_view wanted) const noexcept {
  const size_t i = find(wanted);
  return i < size() ? value(i) : std::string_view{};
}

bool operator==(const Labels& a, const Labels& b) noexcept {
  if (a.block_ == b.block_) return true;
  if (a.size() != b.size() || a.hash() != b.hash()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a.name(i) != b.name(i) || a.value(i) != b.value(i)) return false;
  return true;
}

bool operator<(const Labels& a, const Labels& b) noexcept {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (const int names = a.name(i).compare(b.name(i)); names != 0) return names < 0;
    if (const int values = a.value(i).compare(b.value(i)); values != 0) return values < 0;
  }
  return a.size() < b.size();
}

std::string Labels::text_form() const {
  std::string out = "{";
  for (size_t i = 0; i < size(); ++i) {
    if (i > 0) out += ", ";
    out += is_legacy_label(name(i)) ? std::string(name(i)) : quote(name(i));
    out += "=" + quote(value(i));
  }
  return out + "}";
}

LabelsBuilder::LabelsBuilder(const Labels& base, QueryContext* counted_by)
    : counted_by_(counted_by != nullptr ? counted_by : base.counted_by()) {
  pairs_.reserve(base.size() + 2);
  for (size_t i = 0; i < base.size(); ++i) pairs_.push_back(base.pair(i));
}

std::vector<Labels::Pair>::iterator LabelsBuilder::place_of(std::string_view name) {
  return std::find_if(pairs_.begin(), pairs_.end(), [&](const Labels::Pair& pair) { return pair.name >= name; });
}

void LabelsBuilder::remove(std::string_view name) {
  if (const auto place = place_of(name); place != pairs_.end() && place->name == name) pairs_.erase(place);
}

void LabelsBuilder::set(std::string_view name, std::string_view value) {
  if (value.empty()) return remove(name);
  const auto place = place_of(name);
  if (place != pairs_.end() && place->name == name) {
    *place = {name, value};
  } else {
    pairs_.insert(place, {name, value});
  }
}

void LabelsBuilder::keep_only(const std::vector<std::string>& names) {
  std::erase_if(pairs_, [&](const Labels::Pair& pair) { return std::find(names.begin(), names.end(), pair.name) == names.end(); });
}

std::string_view LabelsBuilder::get(std::string_view name) const {
  for (const Labels::Pair& pair : pairs_)
    if (pair.name == name) return pair.value;
  return {};
}

void Signature::Cursor::find() {
  const std::vector<std::string>& list = signature_.labels;
  for (; at_ < set_.size(); ++at_) {
    const std::string_view name = set_.name(at_);
    int order = 1;
    while (listed_ < list.size() && (order = list[listed_].compare(name)) < 0) ++listed_;
    const bool in_list = listed_ < list.size() && order == 0;
    if (signature_.listed ? in_list : !in_list && name != kMetricName) return;
    if (signature_.listed && listed_ == list.size()) break;
  }
  at_ = set_.size();
}

uint64_t Signature::hash(const Labels& set) const {
  uint64_t hash = 0;
  if (listed && is_short(labels)) {
    for (const std::string& label : labels)
      if (const size_t at = set.find(label); at < set.size()) hash = mix_pair(hash, set.pair_hash(at));
    return hash;
  }
  for (Cursor cursor(*this, set); cursor.at() < set.size(); cursor.next()) hash = mix_pair(hash, set.pair_hash(cursor.at()));
  return hash;
}

bool Signature::equal(const Labels& a, const Labels& b) const {
  if (listed && is_short(labels))
    return std::all_of(labels.begin(), labels.end(), [&](const std::string& label) { return a.get(label) == b.get(label); });
  Cursor i(*this, a), j(*this, b);
  for (; i.at() < a.size() && j.at() < b.size(); i.next(), j.next())
    if (a.name(i.at()) != b.name(j.at()) || a.value(i.at()) != b.value(j.at())) return false;
  return i.at() == a.size() && j.at() == b.size();
}

Labels Signature::project(const Labels& set) const {
  std::vector<Labels::Pair> pairs;
  for (Cursor cursor(*this, set); cursor.at() < set.size(); cursor.next()) pairs.push_back(set.pair(cursor.at()));
  return Labels::made_of(pairs, set.counted_by());
}

LabelIndex::LabelIndex(const Signature* signature, size_t expected) : signature_(signature) {
  size_t slots = 16;
  while (slots < expected * 2) slots *= 2;
  slots_.assign(slots, kNone);
}

size_t LabelIndex::slot_of(const Labels& labels, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = (hash ^ (hash >> 32U)) & mask;
  while (slots_[at] != kNone && !(hashes_[slots_[at]] == hash && equal(sets_[slots_[at]], labels))) at = (at + 1) & mask;
  return at;
}

std::pair<uint32_t, bool> LabelIndex::add(const Labels& labels) {
  const uint64_t hash = hash_of(labels);
  const size_t at = slot_of(labels, hash);
  if (slots_[at] != kNone) return {slots_[at], false};
  const auto number = static_cast<uint32_t>(sets_.size());
  slots_[at] = number;
  hashes_.push_back(hash);
  sets_.push_back(labels);
  if (sets_.size() * 2 > slots_.size()) grow();
  return {number, true};
}

uint32_t LabelIndex::find(const Labels& labels) const { return slots_[slot_of(labels, hash_of(labels))]; }

void LabelIndex::grow() {
  slots_.assign(slots_.size() * 2, kNone);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < sets_.size(); ++i) {
    size_t at = (hashes_[i] ^ (hashes_[i] >> 32U)) & mask;
    while (slots_[at] != kNone) at = (at + 1) & mask;
    slots_[at] = static_cast<uint32_t>(i);
  }
}

}  // namespace tarsier::promql
