// libsnappy, behind Result.
#include "plugins/collect/remote_write_receiver/snappy_block.hpp"

#include <snappy.h>
#include <string>

namespace tarsier::remote_write {

Result<uint64_t> decompressed_size(std::string_view block, uint64_t limit) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size))
    return Error::invalid("the body of " + std::to_string(block.size()) + " bytes is not a snappy block");
  // No element of a block makes more than 64 bytes: who claims more wants room made for nothing.
  if (size / 64 > block.size())
    return Error::invalid("the body of " + std::to_string(block.size()) + " bytes claims to have " + std::to_string(size) +
                          " decompressed, more than snappy can make of it");
  if (size > limit)
    return Error(TARSIER_RESOURCE,
                 "the body has " + std::to_string(size) + " bytes decompressed, at most " + std::to_string(limit) + " are taken");
  return uint64_t{size};
}

Result<void> decompress(std::string_view block, std::span<uint8_t> out) {
  if (!snappy::RawUncompress(block.data(), block.size(), reinterpret_cast<char*>(out.data())))
    return Error::invalid("the body of " + std::to_string(block.size()) + " bytes is a damaged snappy block");
  return {};
}

}  // namespace tarsier::remote_write
