#include "partition.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kFormat = 4;
constexpr uint8_t kTierFormat = 5;  // the same, and the tier

}  // namespace

void PartitionInfo::encode(std::vector<uint8_t>& out) const {
  ByteWriter writer(out);
  writer.u8(cover.tier_ns == 0 ? kFormat : kTierFormat);
  writer.svarint(cover.begin);
  writer.svarint(cover.end);
  writer.varint(cover.first_flush);
  writer.varint(cover.last_flush);
  writer.svarint(slot_ns);
  writer.svarint(min_time);
  writer.svarint(max_time);
  writer.varint(series);
  writer.varint(samples);
  writer.varint(symbols);
  writer.varint(label_pairs);
  writer.varint(blocks);
  writer.varint(names.size());
  for (const LabelName& name : names) {
    writer.varint(name.symbol);
    writer.varint(name.values);
  }
  if (cover.tier_ns != 0) writer.svarint(cover.tier_ns);
}

Result<PartitionInfo> PartitionInfo::decode(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (in.ok() && format != kFormat && format != kTierFormat) {
    return Error{TARSIER_UNSUPPORTED, "partition of format " + std::to_string(format) + ", known are " + std::to_string(kFormat) +
                                          " and " + std::to_string(kTierFormat)};
  }
  PartitionInfo info;
  info.cover.begin = in.svarint();
  info.cover.end = in.svarint();
  info.cover.first_flush = in.varint();
  info.cover.last_flush = in.varint();
  info.slot_ns = in.svarint();
  info.min_time = in.svarint();
  info.max_time = in.svarint();
  info.series = in.count(0);
  info.samples = in.varint();
  info.symbols = in.count(0);
  info.label_pairs = in.varint();
  info.blocks = in.varint();
  info.names.resize(static_cast<size_t>(in.count(2)));
  for (LabelName& name : info.names) {
    name.symbol = static_cast<uint32_t>(in.count(0));
    name.values = static_cast<uint32_t>(in.count(0));
  }
  if (format == kTierFormat) info.cover.tier_ns = in.svarint();
  if (format == kTierFormat && info.cover.tier_ns <= 0) in.fail();
  if (!in.ok() || info.slot_ns <= 0) return Error{TARSIER_CORRUPT, "partition head is malformed"};
  return info;
}

void encode_groups(std::span<const uint32_t> firsts, std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.varint(firsts.size());
  uint32_t last = 0;
  for (const uint32_t first : firsts) {
    writer.varint(first - last);
    last = first;
  }
}

Result<std::vector<uint32_t>> decode_groups(std::span<const uint8_t> bytes, uint64_t series) {
  ByteReader in(bytes);
  std::vector<uint32_t> firsts(static_cast<size_t>(in.count(1)));
  uint64_t last = 0;
  for (size_t i = 0; i < firsts.size() && in.ok(); ++i) {
    const uint64_t step = in.count(0);
    if ((step == 0) != (i == 0) || (last += step) >= series) in.fail();
    firsts[i] = static_cast<uint32_t>(last);
  }
  if (!in.ok() || firsts.empty()) return Error{TARSIER_CORRUPT, "list of groups is malformed"};
  return firsts;
}

Result<void> Partition::read_head() {
  if (auto opened = open_environment(); !opened) return opened;
  auto snapshot = env().read();
  if (!snapshot) return std::move(snapshot).error();
  auto value = snapshot->get(kInfoTable, kInfoKey);
  if (!value) return std::move(value).error();
  auto info = PartitionInfo::decode(as_bytes(*value));
  if (!info) return std::move(info).error();
  info_ = std::move(*info);
  auto listed = snapshot->get(kInfoTable, kGroupsKey);
  if (!listed) return std::move(listed).error();
  auto groups = decode_groups(as_bytes(*listed), info_.series);
  if (!groups) return std::move(groups).error();
  groups_ = std::move(*groups);
  Cover named;
  if (!parse_partition_name(name(), named)) return Error::invalid("it is no partition's name");
  info_.cover.revision = named.revision;
  describe(info_.cover, info_.min_time, info_.max_time);
  return {};
}

Result<std::shared_ptr<Partition>> Partition::open(const Host& host, const std::string& name) {
  auto partition = std::make_shared<Partition>(host, name);
  if (auto read = partition->read_head(); !read) return std::move(read).error().in("open " + name);
  return partition;
}

Result<std::shared_ptr<Partition>> open_made(const Host& host, const std::string& name) {
  auto opened = Partition::open(host, name);
  if (opened) return opened;
  if (auto removed = remove_env(host, name); !removed)
    host.error("a new partition that cannot be opened could not be removed",
               {field("partition", name), field("error", removed.error().message())});
  return opened;
}

}  // namespace tarsier::samples
