#include "storage/io/posix_file_system.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "simulation/temporary_directory.hpp"
#include "storage/io/aligned_buffer.hpp"
#include "storage/io/file_descriptor.hpp"
#include "storage/io/io_error.hpp"

namespace leat::storage {
namespace {

using simulation::TemporaryDirectory;
using testing::HasSubstr;

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

TEST(FileDescriptor, IsClosedByItsLastOwner) {
  const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  FileDescriptor assigned;
  {
    FileDescriptor first(raw);
    FileDescriptor second = std::move(first);
    assigned = std::move(second);
  }
  EXPECT_TRUE(is_open(raw));
  { const FileDescriptor last = std::move(assigned); }
  EXPECT_FALSE(is_open(raw));
}

TEST(IoError, AFullDiskOrQuotaIsStorageFull) {
  EXPECT_EQ(io_error("write", "/x", ENOSPC).code, Errc::storage_full);
  EXPECT_EQ(io_error("write", "/x", EDQUOT).code, Errc::storage_full);
  EXPECT_EQ(io_error("write", "/x", EIO).code, Errc::io_error);
  EXPECT_EQ(io_error("write", "/x", EIO).context, "write /x: Input/output error");
}

TEST(PosixFileSystem, AFullDeviceIsStorageFull) {
  PosixFileSystem fs;
  const auto file = fs.open("/dev/full", {}).value();
  const ByteSpan piece = as_bytes("x");
  const auto written = file->write_at(FilePosition(0), {&piece, 1});
  EXPECT_EQ(written.error().code, Errc::storage_full);
  EXPECT_EQ(written.error().context, "write /dev/full: No space left on device");
}

TEST(PosixFileSystem, DirectFilesNeverAnswerFromThePageCache) {
  const TemporaryDirectory directory;
  PosixFileSystem fs;
  const auto file = fs.open(directory.path() / "a", {.existence = OpenOptions::Existence::either, .direct_sync = true}).value();
  AlignedBuffer buffer(4096);
  EXPECT_EQ(file->read_at(FilePosition(0), buffer.span(), ReadMode::cached_only).error().code, Errc::would_block);
}

TEST(PosixFileSystem, DirectFilesWorkInMemoryBackedDirectories) {
  if (::access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "no /dev/shm here";
  const TemporaryDirectory directory("/dev/shm");
  PosixFileSystem fs;
  const auto file =
      fs.open(directory.path() / "a", {.existence = OpenOptions::Existence::must_not_exist, .direct_sync = true}).value();
  AlignedBuffer buffer(4096);
  std::fill(buffer.span().begin(), buffer.span().end(), std::byte{'x'});
  ASSERT_TRUE(file->write_at(FilePosition(0), std::vector<ByteSpan>{buffer.span()}));
  AlignedBuffer back(8192);
  EXPECT_EQ(file->read_at(FilePosition(0), back.span()).value(), 4096U);
  EXPECT_EQ(as_text(back.span().first(4096)), std::string(4096, 'x'));
}

TEST(PosixFileSystem, TheLockNamesItsHolder) {
  const TemporaryDirectory directory;
  PosixFileSystem fs;
  const auto lock = fs.lock(directory.path()).value();
  EXPECT_EQ(as_text(read_file(fs, directory.path() / "LOCK", 100).value()), std::to_string(::getpid()) + "\n");
  EXPECT_THAT(fs.lock(directory.path()).error().context, HasSubstr("process " + std::to_string(::getpid())));
}

TEST(PosixFileSystem, TheLockHoldsWhateverHappensToTheFilesInTheDirectory) {
  const TemporaryDirectory directory;
  PosixFileSystem fs;
  const auto lock = fs.lock(directory.path()).value();
  fs.remove_file(directory.path() / "LOCK").value();
  EXPECT_EQ(fs.lock(directory.path()).error().code, Errc::data_dir_in_use);
  (void)fs.open(directory.path() / "LOCK", {.existence = OpenOptions::Existence::must_not_exist}).value();
  EXPECT_THAT(fs.lock(directory.path()).error().context, HasSubstr("in use by another process"));
}

TEST(PosixFileSystem, TheLockOfAKilledProcessIsWaitedFor) {
  const TemporaryDirectory directory;
  PosixFileSystem fs;
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = fs.lock(directory.path());
    std::vector<char> slow_to_free(std::size_t{128} << 20, 'x');
    if (::write(ready[1], slow_to_free.data(), lock ? 1 : 0) == 1) ::pause();
    ::_exit(1);
  }
  char locked = 0;
  ASSERT_EQ(::read(ready[0], &locked, 1), 1);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  EXPECT_TRUE(fs.lock(directory.path()));
  for (const int end : ready) ::close(end);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(PosixFileSystem, TheLockHoldsAgainstAnotherProcessAndDiesWithIt) {
  const TemporaryDirectory directory;
  PosixFileSystem fs;
  std::array<int, 2> ready{};
  std::array<int, 2> finish{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(finish.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = fs.lock(directory.path());
    char byte = lock ? 'y' : 'n';
    ::close(finish[1]);
    if (::write(ready[1], &byte, 1) == 1) (void)!::read(finish[0], &byte, 1);
    ::_exit(0);  // without releasing it
  }
  char locked = 0;
  ASSERT_EQ(::read(ready[0], &locked, 1), 1);
  EXPECT_EQ(locked, 'y');
  EXPECT_EQ(fs.lock(directory.path()).error().code, Errc::data_dir_in_use);
  for (const int end : {ready[0], ready[1], finish[0], finish[1]}) ::close(end);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(fs.lock(directory.path()));
}

}  // namespace
}  // namespace leat::storage
