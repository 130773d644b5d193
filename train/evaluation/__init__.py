"""Did it help? The tuned model beside the same model with a good prompt, on the held-out split."""
