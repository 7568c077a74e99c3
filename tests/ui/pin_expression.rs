fn main() {
    sheave::pin!(async {});
}
