"""What hosting needs: publishing a Space, its GPU, memory that stays flat."""
